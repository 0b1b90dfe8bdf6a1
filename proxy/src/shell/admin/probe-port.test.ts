import { once } from "node:events";
import { createServer } from "node:http";
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
});

test.each([
  ["GET", "/app/readinessProbe", 204],
  ["GET", "/app/livenessProbe", 503],
  ["GET", "/app/spaced", 503],
  ["GET", "/app/hook", 504],
  ["GET", "/app/odd", 502],
  ["GET", "/app/startupProbe", 200],
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

test("it is there by IPv4 and IPv6", async () => {
  for (const host of ["127.0.0.1", "::1"]) {
    const socket = connect({ host, port: port.address.port });
    await once(socket, "connect");
    socket.destroy();
  }
});
