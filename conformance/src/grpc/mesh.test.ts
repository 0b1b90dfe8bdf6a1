/** Calls through two sidecars to an application that speaks HTTP/2, in both directions at once. */
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { afterEach, expect, test } from "vitest";
import { compileAuthz } from "../compiled-policy.ts";
import { type GrpcMesh, openGrpcMesh } from "./mesh.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** Says each message back; ends with the status that the method's name says. */
async function openApplication({ application }: GrpcMesh): Promise<{ readonly heads: IncomingHttpHeaders[] }> {
  const heads: IncomingHttpHeaders[] = [];
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream, head) => {
    heads.push(head);
    const status = /\d+$/.exec(String(head[":path"]))?.[0] ?? "0";
    stream.on("error", () => {});
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status, "x-sum": "7" }));
    stream.pipe(stream);
  });
  await new Promise<void>((done) => server.listen(application, "127.0.0.1", done));
  open.push(server);
  return { heads };
}

function session(mesh: GrpcMesh): ClientHttp2Session {
  const opened = connect(`http://127.0.0.1:${mesh.port}`);
  opened.on("error", () => {});
  open.push({ close: () => opened.destroy() });
  return opened;
}

function call(client: ClientHttp2Session, path: string) {
  const stream = client.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  let head: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on("response", (fields) => {
    head = fields;
  });
  stream.on("trailers", (fields) => {
    trailers = fields;
  });
  stream.on("error", () => {});
  const closed = new Promise<void>((done) => stream.on("close", () => done()));
  return { stream, closed, head: () => head, trailers: () => trailers };
}

test("messages go both ways while the call is open, and its trailers and authority are what they should be", async () => {
  const mesh = await openGrpcMesh();
  open.push({ close: () => mesh[Symbol.asyncDispose]() });
  const { heads } = await openApplication(mesh);
  const { stream, closed, trailers } = call(session(mesh), "/svc/Echo5");
  for (const text of ["one", "two", "three"]) {
    stream.write(text);
    expect(await new Promise((heard) => stream.once("data", (part) => heard(String(part))))).toBe(text);
  }
  stream.end();
  await closed;
  expect(trailers()).toMatchObject({ "grpc-status": "5", "x-sum": "7" });
  expect(heads[0]).toMatchObject({ ":authority": "orders", te: "trailers", "content-type": "application/grpc" });
});

test("a denial by the receiver is heard by the client, and known as one by both sidecars", async () => {
  const rego =
    'package mesh.authz\n\ndefault allow := false\n\nallow if input.attributes.request.http.path == "/svc/Echo0"\n';
  const policy = await compileAuthz("calls", rego);
  const mesh = await openGrpcMesh({ policies: { inbound: policy.ref }, defaultVerdict: "deny" }, [policy.module]);
  open.push({ close: () => mesh[Symbol.asyncDispose]() });
  await openApplication(mesh);
  const client = session(mesh);
  const denied = call(client, "/svc/Echo1");
  denied.stream.end("x");
  denied.stream.resume();
  await denied.closed;
  expect(denied.head()).toMatchObject({ ":status": 200, "grpc-status": "7" });
  const allowed = call(client, "/svc/Echo0");
  allowed.stream.end("x");
  allowed.stream.resume();
  await allowed.closed;
  expect(allowed.trailers()["grpc-status"]).toBe("0");
  for (const { plane } of mesh.sidecars) {
    const { recent } = await plane.read();
    expect(recent.map(({ verdict }) => verdict).sort()).toContain("denied");
  }
});
