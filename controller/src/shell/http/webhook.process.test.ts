import { createHmac } from "node:crypto";
import { SILENT } from "@regomesh/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { holdConnections } from "../../../test/hold-connections.ts";
import { serveWebhook, type Webhook } from "./webhook.ts";

const SECRET = "s3cret-of-the-hook";
let hook: Webhook;
let woken: (string | undefined)[];
let rests: (() => void)[];
beforeEach(async () => {
  woken = [];
  rests = [];
  hook = await serveWebhook({
    address: "127.0.0.1:0",
    secret: SECRET,
    wake: (source) => {
      if (source === "none") return false;
      woken.push(source);
      return true;
    },
    clock: {
      nowMs: () => 0,
      sleep: (ms) => {
        expect(ms).toBe(1000);
        return new Promise((over) => rests.push(over));
      },
    },
    log: SILENT,
  });
});
afterEach(async () => await hook.close());

const BODY = '{"ref":"refs/heads/main"}';
const sign = (body: string, secret = SECRET) => ({
  "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
});

type Row = {
  path: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  is: number;
  wakes?: unknown[];
};
const rows: Readonly<Record<string, Row>> = {
  "GitHub's signature, of a source": { path: "/hook/shop", headers: sign(BODY), is: 202, wakes: ["shop"] },
  "GitHub's signature, of all": { path: "/hook", headers: sign(BODY), is: 202, wakes: [undefined] },
  "GitLab's token": { path: "/hook/shop", headers: { "x-gitlab-token": SECRET }, is: 202, wakes: ["shop"] },
  "no secret": { path: "/hook/shop", is: 401 },
  "another secret": { path: "/hook/shop", headers: sign(BODY, "guess"), is: 401 },
  "a signature of another body": { path: "/hook/shop", headers: sign("{}"), is: 401 },
  "another token": { path: "/hook/shop", headers: { "x-gitlab-token": "guess" }, is: 401 },
  "a wrong signature beside the right token": {
    path: "/hook/shop",
    headers: { ...sign(BODY, "guess"), "x-gitlab-token": SECRET },
    is: 401,
  },
  "a source that is not there, to whoever knows the secret": { path: "/hook/none", headers: sign(BODY), is: 404 },
  "a source that is not there, to others": { path: "/hook/none", is: 401 },
  "a name that is none": { path: "/hook/../api", headers: sign(BODY), is: 404 },
  "anything else": { path: "/api/status", headers: sign(BODY), is: 404 },
  "a read": { path: "/hook", method: "GET", is: 405 },
  "more than is read": { path: "/hook", body: "x".repeat(6 * 1024 * 1024), is: 413 },
};
test.each(Object.entries(rows))(
  "%s",
  async (_, { path, method = "POST", headers = {}, body = BODY, is, wakes = [] }) => {
    const response = await fetch(`${hook.url}${path}`, {
      method,
      headers,
      ...(method === "GET" ? {} : { body }),
    }).catch(() => ({ status: 413 }));
    expect([response.status, woken]).toEqual([is, wakes]);
  },
);

const ask = async () => await fetch(`${hook.url}/hook/shop`, { method: "POST", headers: sign(BODY), body: BODY });
const rest = async () => {
  rests.shift()?.();
  await new Promise((next) => setImmediate(next));
};

test("a storm of hooks is one look at once, and one that sees the last of them", async () => {
  for (let n = 0; n < 20; n++) await ask();
  expect([woken, rests.length]).toEqual([["shop"], 1]);
  await rest();
  expect([woken, rests.length]).toEqual([["shop", "shop"], 1]);
  await rest();
  expect([woken, rests.length]).toEqual([["shop", "shop"], 0]);
  await ask();
  expect(woken).toHaveLength(3);
});

test("whoever holds all connections that there may be holds up no other", async () => {
  const held = await holdConnections(Number(new URL(hook.url).port), 400);
  expect((await ask()).status).toBe(202);
  for (const socket of held) socket.destroy();
});
