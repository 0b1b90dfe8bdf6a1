/** What a peer that is no API server may send to the webhooks, over real TLS. */
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { holdConnections } from "../../../test/hold-connections.ts";
import { makeAuthority } from "../../../test/make-lease.ts";
import type { Authority } from "../ca/authority.ts";
import { serveWebhooks, type Webhooks } from "./webhooks.ts";

const folder = mkdtempSync(join(tmpdir(), "regomesh-webhooks-"));
let authority: Authority;
let webhooks: Webhooks;
/** Reviews wait here until the test lets them go on. */
let gate = Promise.resolve();
let judged = 0;
let judgedMost = 0;
beforeAll(async () => {
  authority = await makeAuthority(folder, Date.now());
  const judge = async () => {
    judgedMost = Math.max(judgedMost, ++judged);
    await gate;
    judged--;
    return { allowed: true };
  };
  webhooks = await serveWebhooks({
    address: "127.0.0.1:0",
    certificate: authority.issueServer(["127.0.0.1"], Date.now()),
    handlers: { "/validate": judge, "/mutate": judge },
    log: { log: () => {} },
  });
});
afterAll(async () => {
  await webhooks.close();
  rmSync(folder, { recursive: true });
});

function post(body: string | Buffer, path = "/validate", method = "POST"): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${webhooks.url}${path}`, { method, ca: authority.bundlePem, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    // Who refuses what is long reads no more of it.
    asked.on("error", (error: NodeJS.ErrnoException) => (error.code === "EPIPE" ? undefined : reject(error)));
    asked.end(body);
  });
}

const object = { apiVersion: "regomesh.dev/v1alpha1", kind: "Policy", metadata: { name: "p" }, spec: {} };
const review = (padding = "") =>
  JSON.stringify({ kind: "AdmissionReview", request: { uid: "u", operation: "CREATE", object, padding } });

test("what is no review is refused, and the next one is answered", async () => {
  expect(await post(review())).toBe(200);
  for (const body of ["", "{", "[]", '{"kind":"AdmissionReview","request":null}', Buffer.of(0xff, 0xfe)])
    expect(await post(body)).toBe(400);
  expect(await post(review(), "/other")).toBe(404);
  expect(await post("", "/mutate", "GET")).toBe(405);
  expect(await post("[".repeat(1_000_000))).toBe(400);
  expect(await post("x".repeat(5 * 1024 * 1024))).toBe(413);
  expect(await post(review())).toBe(200);
});

test("many large ones at once are told to come again: together they take no more memory than a bound", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const large = review("x".repeat(3.9 * 1024 * 1024));
  const first = Array.from({ length: 20 }, () => post(large));
  const refused = await Promise.race(first);
  expect(refused).toBe(503);
  resolve();
  await Promise.all(first);
  expect(judgedMost).toBeLessThanOrEqual(12);
  expect(await post(large)).toBe(200);
});

test("of connections on which nothing is said there are so many, and whoever holds them holds up no other", async () => {
  const held = await holdConnections(Number(new URL(webhooks.url).port), 400);
  const ended = () => held.filter(({ destroyed, readableEnded }) => destroyed || readableEnded).length;
  expect(await post(review())).toBe(200);
  await vi.waitFor(() => expect(ended()).toBeGreaterThan(100));
  for (const socket of held) socket.destroy();
});
