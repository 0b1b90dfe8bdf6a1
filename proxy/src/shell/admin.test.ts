import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Backend, type Bench, exchange, openBackend, openBench } from "../test/bench.ts";

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

test("metrics are Prometheus's text, and count what passed", async () => {
  await exchange(bench.inbound, "GET / HTTP/1.1\r\nHost: s\r\n\r\n");
  await exchange(bench.outbound, "GET http://orders/ HTTP/1.1\r\nHost: s\r\n\r\n");
  const text = await (await ask("/metrics")).text();
  for (const line of text.trimEnd().split("\n")) {
    expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z_]+="[^"]*",?)*\})? [0-9.e+-]+)$/);
  }
  expect(text).toContain("regomesh_requests_total 2\n");
  expect(text).toMatch(
    /regomesh_edge_requests_total\{direction="outbound",peer_service="orders.default".*result="success"\} 1/,
  );
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
