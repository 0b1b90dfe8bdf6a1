/** Calls of gRPC through a real proxy: what the mesh answers by itself, timeouts, retries and what is counted. */
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { makeSnapshotFile } from "@regomesh/protocol";
import { afterEach, expect, test } from "vitest";
import { printMetrics } from "../metrics/print-metrics.ts";
import { type Bench, openBackend, openBench, readAll } from "../test/bench.ts";
import { makeAuthz, makePolicy } from "../test/make-policy.ts";
import { makeService, makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** A message of no bytes. */
const EMPTY = Buffer.alloc(5);

function session(port: number): ClientHttp2Session {
  const opened = connect(`http://127.0.0.1:${port}`);
  opened.on("error", () => {});
  open.push({ close: async () => void opened.destroy() });
  return opened;
}

type Called = { readonly head: IncomingHttpHeaders; readonly trailers: IncomingHttpHeaders; readonly code: number };

async function call(client: ClientHttp2Session, path: string, fields: Record<string, string> = {}): Promise<Called> {
  const stream = client.request({
    ":method": "POST",
    ":path": path,
    ":authority": "orders",
    "content-type": "application/grpc",
    te: "trailers",
    ...fields,
  });
  let head: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on("response", (fields) => {
    head = fields;
  });
  stream.on("trailers", (fields) => {
    trailers = fields;
  });
  stream.on("error", () => {}).resume();
  stream.end(EMPTY);
  await new Promise<void>((done) => stream.on("close", () => done()));
  return { head, trailers, code: stream.rstCode };
}

const seenTimeouts: string[] = [];

/** An application whose methods end as they are called: `/svc/Status14` with trailers, `/svc/Only14` with nothing else. */
async function openApplication() {
  seenTimeouts.length = 0;
  const backend = await openBackend((request, response) => {
    seenTimeouts.push(String(request.headers["grpc-timeout"]));
    void readAll(request).then(() => {
      const [, kind = "", status = "0"] = /\/(Status|Only|Hang|Cut)(\d*)$/.exec(request.url ?? "") ?? [];
      if (kind === "Hang") return;
      const type = { "content-type": "application/grpc" };
      if (kind === "Only") return void response.writeHead(200, { ...type, "grpc-status": status }).end();
      response.writeHead(200, { ...type, trailer: "grpc-status" });
      response.write(EMPTY);
      if (kind === "Cut") return void setImmediate(() => response.destroy());
      response.addTrailers({ "grpc-status": status });
      response.end();
    });
  });
  open.push(backend);
  return backend;
}

async function setUp(rules?: string): Promise<Bench> {
  const backend = await openApplication();
  const bench = await openBench(backend.port);
  open.push(bench);
  if (rules === undefined) return bench;
  const policy = makePolicy(makeAuthz(rules));
  const workload = makeWorkload({ policies: { inbound: policy.ref }, defaultVerdict: "deny" });
  await bench.proxy.applyFile(makeSnapshotFile(makeSnapshot(workload), [policy.module], []));
  return bench;
}

test("a call passes with its trailers", async () => {
  const bench = await setUp();
  const { head, trailers, code } = await call(session(bench.inbound), "/svc/Status0");
  expect([head[":status"], head["grpc-status"], trailers["grpc-status"], code]).toEqual([200, undefined, "0", 0]);
});

test("a refusal is trailers alone, with the decision; what is no call gets HTTP's", async () => {
  const bench = await setUp(
    [
      "default allow := false",
      'allow := {"allowed": false, "http_status": 401, "body": "who are you?"} if http.path == "/svc/Who"',
      'allow if http.path == "/svc/Status0"',
    ].join("\n\n"),
  );
  const client = session(bench.inbound);
  const { head } = await call(client, "/svc/Status1");
  expect(head).toMatchObject({
    ":status": 200,
    "content-type": "application/grpc",
    "grpc-status": "7",
    "grpc-message": "denied by policy",
  });
  expect(head["x-regomesh-decision"]).toMatch(/.+/);
  const details = Buffer.from(String(head["grpc-status-details-bin"]), "base64").toString("latin1");
  expect(details).toContain(String(head["x-regomesh-decision"]));
  expect((await call(client, "/svc/Who")).head).toMatchObject({ "grpc-status": "16", "grpc-message": "who are you?" });
  expect((await call(client, "/svc/Status0")).trailers["grpc-status"]).toBe("0");
  for (const type of ["application/grpc-web+proto", "application/json"]) {
    expect((await call(client, "/svc/Status1", { "content-type": type })).head[":status"]).toBe(403);
  }
});

test("what cannot be served is unavailable", async () => {
  const bench = await openBench(1);
  open.push(bench);
  expect((await call(session(bench.inbound), "/svc/Status0")).head["grpc-status"]).toBe("14");
  expect((await call(session(bench.outbound), "/svc/x", { ":authority": "nobody" })).head["grpc-status"]).toBe("14");
});

test("a call that breaks off says so in its trailers", async () => {
  const bench = await setUp();
  const { head, trailers } = await call(session(bench.inbound), "/svc/Cut");
  expect([head[":status"], trailers["grpc-status"]]).toEqual([200, "14"]);
});

test("a call ends when its client waits no longer, and the endpoint is not to blame", async () => {
  const bench = await setUp();
  const client = session(bench.outbound);
  for (let i = 0; i < 6; i++) {
    const { head } = await call(client, "/svc/Hang", { "grpc-timeout": "20m" });
    expect(head["grpc-status"]).toBe("4");
  }
  const { endpoints } = await bench.proxy.plane.read();
  expect(endpoints.map(({ breaker }) => breaker)).toEqual(["closed"]);
});

test("UNAVAILABLE without a reply is tried again where it is asked for, with what is left of the time", async () => {
  const backend = await openApplication();
  const services = (on: readonly ("connect" | "unavailable")[]) => {
    const service = makeService("orders");
    const retry = { attempts: 2, perTryMs: undefined, on, budgetPercent: 100, budgetMin: 10 };
    return makeSnapshot(makeWorkload({ outbound: [{ ...service, traffic: { ...service.traffic, retry } }] }));
  };
  const bench = await openBench(backend.port, undefined, {}, services(["unavailable"]));
  open.push(bench);
  const client = session(bench.outbound);
  expect((await call(client, "/svc/Only14", { "grpc-timeout": "10S" })).head["grpc-status"]).toBe("14");
  expect(backend.seen.length).toBe(3);
  const left = seenTimeouts.map((text) => (text.endsWith("m") ? Number(text.slice(0, -1)) : 10_000));
  expect(left.every((ms, i) => ms <= (left[i - 1] ?? 10_000) && ms > 5000)).toBe(true);
  await call(client, "/svc/Status14");
  expect(backend.seen.length).toBe(4);
  await bench.apply(services(["connect"]));
  await call(client, "/svc/Only14");
  expect(backend.seen.length).toBe(5);
});

test("calls are counted by method and status, and names that nobody serves are not told apart", async () => {
  const bench = await setUp();
  const client = session(bench.inbound);
  for (const path of ["/svc/Status0", "/svc/Status0", "/svc/Status5", "/svc/Only12", "/other/Status12"])
    await call(client, path);
  await call(session(bench.outbound), "/svc/Any", { ":authority": "nobody" });
  const lines = printMetrics(await bench.proxy.plane.read(), undefined)
    .split("\n")
    .filter((line) => line.startsWith("regomesh_grpc_calls_total{"));
  expect(lines.sort()).toEqual([
    'regomesh_grpc_calls_total{direction="inbound",method="",grpc_status="12"} 2',
    'regomesh_grpc_calls_total{direction="inbound",method="/svc/Status0",grpc_status="0"} 2',
    'regomesh_grpc_calls_total{direction="inbound",method="/svc/Status5",grpc_status="5"} 1',
    'regomesh_grpc_calls_total{direction="outbound",method="",grpc_status="14"} 1',
  ]);
});
