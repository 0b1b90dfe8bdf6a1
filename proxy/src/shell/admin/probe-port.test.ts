import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createH2cServer, type ServerHttp2Stream } from "node:http2";
import { connect } from "node:net";
import type { Probe } from "@regomesh/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openProbePort, type ProbePort } from "./probe-port.ts";

const asked: string[] = [];
let own = 0;
const application = createServer((request, response) => {
  asked.push(
    `${request.method} ${request.url} ${request.headers.host} ${request.headers["x-a"]} ${request.headers["user-agent"]}`,
  );
  if (request.url === "/slow") return;
  response.writeHead(request.url === "/ready" ? 204 : 503, { "x-secret": "1" });
  response.end(request.url === "/ready" ? undefined : "what only the application's own clients see");
});
/** Of gRPC: well by the names of these services, and not by others. */
const calls: string[] = [];
const health = createH2cServer().on("stream", (stream: ServerHttp2Stream, fields) => {
  let asked = "";
  stream.on("error", () => {});
  stream.on("data", (bytes: Buffer) => {
    asked += bytes.toString("latin1").slice(7);
  });
  stream.on("end", () => {
    calls.push(`${fields[":path"]} ${fields["content-type"]} ${asked}`);
    if (asked === "slow") return;
    if (asked === "unknown") return stream.respond({ ":status": 200, "grpc-status": "5" }, { endStream: true });
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": asked === "broken" ? "2" : "0" }));
    stream.end(Buffer.from(`0000000002080${asked === "ill" ? 2 : 1}`, "hex"));
  });
});
let port: ProbePort;

beforeAll(async () => {
  await once(application.listen(0, "127.0.0.1"), "listening");
  own = (application.address() as { port: number }).port;
  const http = (path: string): Probe => ({
    kind: "http",
    port: own,
    path,
    isTls: false,
    fields: [
      ["x-a", "b"],
      ["Host", "app"],
    ],
  });
  await once(health.listen(0, "127.0.0.1"), "listening");
  const grpc = (service: string): Probe => ({
    kind: "grpc",
    port: (health.address() as { port: number }).port,
    service,
    withinSeconds: service === "slow" ? 1 : 10,
  });
  const closed = createServer();
  await once(closed.listen(0, "127.0.0.1"), "listening");
  const nobody = (closed.address() as { port: number }).port;
  await once(closed.close(), "close");
  port = await openProbePort(
    new Map<string, Probe>([
      ["/app/readinessProbe", http("/ready")],
      ["/app/livenessProbe", http("/live")],
      ["/app/spaced", http("/a b?c=☃")],
      ["/app/hook", { ...http("/slow"), fields: [["x-a", "☃"]], withinSeconds: 1 } as Probe],
      ["/app/odd", { ...http("/odd"), fields: [["x a", "b"]] } as Probe],
      ["/app/startupProbe", { kind: "tcp", port: own }],
      ...["", "shop.Orders", "ill", "unknown", "broken", "slow"].map((name) => [`/grpc/${name}`, grpc(name)] as const),
      ["/grpc/none", { kind: "grpc", port: nobody, service: "" }],
      ["/grpc/http", { kind: "grpc", port: own, service: "" }],
      ["/gone/livenessProbe", { kind: "tcp", port: nobody }],
      ["/gone/readinessProbe", { kind: "http", port: nobody, path: "/", isTls: false, fields: [] }],
    ]),
    0,
  );
});
afterAll(async () => {
  await port.close();
  application.closeAllConnections();
  application.close();
  health.close();
});

test.each([
  ["GET", "/app/readinessProbe", 204],
  ["GET", "/app/livenessProbe", 503],
  ["GET", "/app/spaced", 503],
  ["GET", "/app/hook", 504],
  ["GET", "/app/odd", 502],
  ["GET", "/app/startupProbe", 200],
  ["GET", "/grpc/", 200],
  ["GET", "/grpc/shop.Orders", 200],
  ["GET", "/grpc/ill", 503],
  ["GET", "/grpc/unknown", 503],
  ["GET", "/grpc/broken", 503],
  ["GET", "/grpc/slow", 504],
  ["GET", "/grpc/none", 502],
  ["GET", "/grpc/http", 502],
  ["GET", "/gone/livenessProbe", 502],
  ["GET", "/gone/readinessProbe", 502],
  ["POST", "/app/readinessProbe", 404],
  ["GET", "/app/readinessProbe?x", 404],
  ["GET", "/ready", 404],
  ["GET", "/", 404],
])("%s %s is answered %i, with nothing of the application's", async (method, path, status) => {
  const answer = await fetch(`http://127.0.0.1:${port.address.port}${path}`, {
    method,
    headers: { "user-agent": "kube-probe/1.37" },
  });
  expect([answer.status, await answer.text(), answer.headers.get("x-secret")]).toEqual([status, "", null]);
});

test("the application is asked as its Pod says", () => {
  expect(asked).toContain("GET /ready app b kube-probe/1.37");
  expect(asked).toContain("GET /a%20b?c=%E2%98%83 app b kube-probe/1.37");
  // By its bytes, as the kubelet sends it.
  expect(asked).toContain(`GET /slow 127.0.0.1:${own} ${Buffer.from("☃").toString("latin1")} kube-probe/1.37`);
});

test("gRPC is asked for the health of what the Pod says", () => {
  expect(calls).toContain("/grpc.health.v1.Health/Check application/grpc shop.Orders");
  expect(calls).toContain("/grpc.health.v1.Health/Check application/grpc ");
});

test("it is there by IPv4 and IPv6", async () => {
  for (const host of ["127.0.0.1", "::1"]) {
    const socket = connect({ host, port: port.address.port });
    await once(socket, "connect");
    socket.destroy();
  }
});

test("whoever holds all connections that there may be holds up no other", async () => {
  const held = Array.from({ length: 200 }, () => connect({ host: "127.0.0.2", port: port.address.port }));
  await Promise.all(
    held.map((socket) =>
      once(
        socket.on("error", () => {}),
        "connect",
      ),
    ),
  );
  const answer = await fetch(`http://127.0.0.1:${port.address.port}/app/readinessProbe`);
  expect(answer.status).toBe(204);
  for (const socket of held) socket.destroy();
});
