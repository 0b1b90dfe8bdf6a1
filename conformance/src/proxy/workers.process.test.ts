/** A process with two threads on the same ports: limits hold over both, and so does the end. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openProxyProcess, type ProxyProcess } from "../proxy-process.ts";
import { AUTHZ, LIMITS, makeBoundPolicy } from "./stand/policy.ts";
import { reasonsOf, snapshotOf } from "./stand/stand.ts";
import { dial, echo, exchange, Played } from "./stand/wire.ts";
import { within } from "./stand/within.ts";

const DEADLINE_MS = 10_000;
const WORKERS = 2;
const LIMIT = 10;
/** Of which the kernel gives each thread some. */
const CONNECTIONS = 64;

/** A window so long that none of it comes back within the test. */
const POLICY = [
  { name: "unit/authz.rego", text: "package mesh.authz\n\nallow := true\n" },
  {
    name: "unit/limits.rego",
    text: `package mesh.ratelimit\n\nlimits contains {"key": user, "limit": ${LIMIT}, "window": "24h"} if user := input.attributes.request.http.headers["x-user"]\n`,
  },
];

let app: Played;
let proxy: ProxyProcess;

beforeEach(async () => {
  app = await Played.open(echo);
  const policy = await makeBoundPolicy({ unit: POLICY }, [AUTHZ, LIMITS]);
  const file = snapshotOf({ modules: [policy.module], workload: { policies: { inbound: policy.ref } } });
  proxy = await openProxyProcess(file, ["--app", String(app.port), "--workers", String(WORKERS)]);
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await app.close();
});

/** How many sockets listen on a port of this host (proc(5), net/tcp: state 0A). */
function listenersOn(port: number): number {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((row) => row.trim().split(/\s+/));
  return rows.filter(([, local = "", , state]) => local.endsWith(suffix) && state === "0A").length;
}

async function askAs(user: string): Promise<string> {
  return await exchange(proxy.inbound["http"] ?? 0, `GET / HTTP/1.1\r\nHost: w\r\nX-User: ${user}\r\n\r\n`);
}

test("a limit holds over all threads: of many connections at once exactly so many pass", async () => {
  expect(listenersOn(proxy.inbound["http"] ?? 0)).toBe(WORKERS);
  const asked = Array.from({ length: CONNECTIONS }, () => askAs("alice"));
  const texts = await within(DEADLINE_MS, "every answer", Promise.all(asked));
  const passed = texts.filter((text) => text.startsWith("HTTP/1.1 200 "));
  const refused = texts.filter((text) => text.startsWith("HTTP/1.1 429 "));
  expect([passed.length, refused.length]).toEqual([LIMIT, CONNECTIONS - LIMIT]);
  expect(new Set(refused.flatMap(reasonsOf))).toEqual(new Set(["rate_limited"]));
  expect(refused.every((text) => /\r\nretry-after: \d+\r\n/i.test(text))).toBe(true);
  // Another key is another bucket, and the next request is right.
  expect(await askAs("bob")).toMatch(/^HTTP\/1.1 200 /);
});

test("a limit holds within connections that stay, each on its thread", async () => {
  const clients = Array.from({ length: 8 }, () => dial(proxy.inbound["http"] ?? 0));
  const request = "GET / HTTP/1.1\r\nHost: w\r\nX-User: carol\r\n\r\n";
  for (const client of clients) client.end(request.repeat(5));
  await Promise.all(clients.map((client) => client.whole(DEADLINE_MS)));
  const statuses = clients.flatMap((client) => client.statuses);
  expect([statuses.length, statuses.filter((status) => status === 200).length]).toEqual([40, LIMIT]);
});

test("SIGTERM ends all threads, and leaves no socket", async () => {
  const port = proxy.inbound["http"] ?? 0;
  expect(await askAs("dora")).toMatch(/^HTTP\/1.1 200 /);
  process.kill(proxy.pid, "SIGTERM");
  expect(await within(DEADLINE_MS, "the process's end", proxy.exited)).toBe(0);
  expect(listenersOn(port)).toBe(0);
  await app.deserted();
});
