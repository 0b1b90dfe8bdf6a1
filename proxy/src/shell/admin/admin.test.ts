import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeSnapshotFile } from "@regomesh/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Counter } from "../../metrics/counters.ts";
import { type Backend, type Bench, exchange, openBackend, openBench, statuses } from "../../test/bench.ts";
import { makeSnapshot, makeWorkload } from "../../test/make-snapshot.ts";
import { TestAuthority } from "../../test/test-authority.ts";

let backend: Backend;
let bench: Bench;
let state: string;
let token: string;

beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), "regomesh-admin-"));
  backend = await openBackend();
  bench = await openBench(backend.port, [backend.port], { state });
  token = (await readFile(join(state, "admin.token"), "utf8")).trim();
});
afterEach(async () => {
  await bench.close();
  await backend.close();
  await rm(state, { recursive: true });
});

const ask = (path: string, method = "GET", given = token): Promise<Response> =>
  fetch(`http://127.0.0.1:${bench.proxy.addresses.admin.port}${path}`, {
    method,
    headers: { authorization: `Bearer ${given}` },
  });

test("the token is the owner's alone, and every page but health asks for it", async () => {
  expect((await stat(join(state, "admin.token"))).mode & 0o777).toBe(0o600);
  for (const path of ["/metrics", "/snapshot", "/decisions"]) {
    expect((await ask(path, "GET", "wrong")).status).toBe(401);
    expect((await ask(path)).status).toBe(200);
  }
  expect((await ask("/healthz", "GET", "")).status).toBe(200);
  expect((await ask("/else")).status).toBe(404);
  expect((await ask("/drain", "GET")).status).toBe(404);
});

test("an operator says where it listens, and opens its metrics alone", async () => {
  const { port } = bench.proxy.addresses.admin;
  await bench.close();
  bench = await openBench(backend.port, [], { state, admin: { address: "127.0.0.1", port }, isMetricsOpen: true });
  expect(bench.proxy.addresses.admin).toEqual({ address: "127.0.0.1", port });
  expect((await ask("/metrics", "GET", "")).status).toBe(200);
  expect((await ask("/snapshot", "GET", "")).status).toBe(401);
  expect(await (await ask("/readyz", "GET", "")).json()).toEqual({ ready: true, reason: "" });
});

test("metrics are Prometheus's text, and count what passed", async () => {
  await exchange(bench.inbound, "GET / HTTP/1.1\r\nHost: s\r\n\r\n");
  await exchange(bench.outbound, "GET http://orders/ HTTP/1.1\r\nHost: s\r\n\r\n");
  await exchange(bench.outbound, "GET http://nobody/ HTTP/1.1\r\nHost: s\r\n\r\n");
  const text = await (await ask("/metrics")).text();
  for (const line of text.trimEnd().split("\n")) {
    expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z_]+="[^"]*",?)*\})? [0-9.e+-]+)$/);
  }
  expect(text).toContain("regomesh_requests_total 3\n");
  expect(text).toMatch(
    /regomesh_edge_requests_total\{direction="outbound",peer_service="orders.default".*result="success"\} 1/,
  );
  expect(text).toMatch(
    /regomesh_edge_responses_total\{direction="outbound",peer_service="orders.default".*code_class="2xx"\} 1/,
  );
  expect(text).toMatch(/regomesh_own_answers_total\{direction="outbound",.*reason="no_such_service"\} 1/);
});

test("decisions are the last ones, newest first", async () => {
  await exchange(bench.inbound, "GET /first HTTP/1.1\r\nHost: s\r\n\r\n");
  await exchange(bench.inbound, "GET /second HTTP/1.1\r\nHost: s\r\n\r\n");
  const { decisions } = (await (await ask("/decisions")).json()) as { decisions: { path: string }[] };
  expect(decisions.map(({ path }) => path)).toEqual(["/second", "/first"]);
});

test("a drain that is asked for reaches whoever runs the proxy", async () => {
  const asked = new Promise<void>((done) => {
    bench.proxy.onDrainRequested = done;
  });
  expect((await ask("/drain", "POST")).status).toBe(202);
  await asked;
});

test("decisions stay the last ones where nobody takes them away", async () => {
  const newest = async (): Promise<string | undefined> => (await bench.proxy.plane.read()).recent[0]?.path;
  for (let i = 0; i < 30; i++) await exchange(bench.inbound, `GET /${i} HTTP/1.1\r\nHost: s\r\n\r\n`);
  while ((await newest()) !== "/late") await exchange(bench.inbound, "GET /late HTTP/1.1\r\nHost: s\r\n\r\n");
  const { dropped } = await bench.proxy.plane.takeDecisions();
  expect(dropped).toBeGreaterThan(0);
});

test("an SVID that has ended is said in readiness, metrics and log", async () => {
  const said: string[] = [];
  const authority = new TestAuthority("cluster.local");
  const notAfterMs = Date.now() + 2000;
  const other = await openBench(backend.port, [], {
    log: { log: (level, message) => void said.push(`${level} ${message}`) },
  });
  try {
    await other.proxy.setIdentity(authority.identity("spiffe://cluster.local/ns/default/sa/web", { notAfterMs }));
    expect([other.proxy.isReady, other.proxy.facts().isSvidExpired]).toEqual([true, false]);
    while (other.proxy.isReady) await fetch(`http://127.0.0.1:${other.proxy.addresses.admin.port}/healthz`);
    const health = await fetch(`http://127.0.0.1:${other.proxy.addresses.admin.port}/healthz`);
    expect([health.status, await health.text()]).toEqual([503, expect.stringContaining("the SVID expired at ")]);
    expect(other.proxy.facts().isSvidExpired).toBe(true);
    while (!said.includes("error the SVID has expired: no peer takes it")) {
      await fetch(`http://127.0.0.1:${other.proxy.addresses.admin.port}/healthz`);
    }
    await other.proxy.setIdentity(authority.identity("spiffe://cluster.local/ns/default/sa/web"));
    expect(other.proxy.isReady).toBe(true);
  } finally {
    await other.close();
  }
});

test("lines that the disk does not take are said once, wait, and are counted where they are lost; requests pass", async () => {
  const said: string[] = [];
  let hear: () => void = () => {};
  const heard = new Promise<void>((done) => {
    hear = done;
  });
  const other = await openBench(backend.port, [], {
    accessLog: "/dev/full",
    log: {
      log: (level, message, facts) => {
        if (facts?.["error"] === undefined) return;
        said.push(`${level} ${message} ${facts["error"]}`);
        hear();
      },
    },
  });
  const lost = async (): Promise<number> => (await other.proxy.plane.read()).counters[Counter.logLinesDropped] ?? 0;
  try {
    const ask = async (path: string) =>
      statuses(await exchange(other.inbound, `GET ${path} HTTP/1.1\r\nHost: s\r\n\r\n`));
    expect(await ask("/a")).toEqual([200]);
    await heard;
    expect(await ask("/b")).toEqual([200]);
    expect(await lost()).toBe(0);
  } finally {
    await other.close();
  }
  expect([await lost(), said]).toEqual([2, ["error the access log cannot be written ENOSPC"]]);
});

test("past its expiry a controller's snapshot decides nothing; an operator's own does", async () => {
  let nowMs = Date.now();
  const other = await openBench(backend.port, [], { wallMs: () => nowMs });
  const ask = async (port: number): Promise<string> =>
    await exchange(port, "GET http://orders/ HTTP/1.1\r\nHost: orders\r\n\r\n");
  try {
    const expiresAtMs = nowMs + 60_000;
    const file = makeSnapshotFile(makeSnapshot(makeWorkload(), { expiresAtMs }));
    await other.proxy.applyFile(file);
    nowMs = expiresAtMs;
    expect(statuses(await ask(other.proxy.addresses.inbound["http"]?.port ?? 0))).toEqual([200]);
    await other.proxy.apply(file);
    for (const port of [other.proxy.addresses.inbound["http"]?.port ?? 0, other.outbound]) {
      expect(await ask(port)).toMatch(/^HTTP\/1\.1 503[\s\S]*"reason":"policy_stale"/);
    }
    expect(other.proxy.waitingFor()).toContain("the snapshot expired at ");
  } finally {
    await other.close();
  }
});
