import { connect as connectTls } from "node:tls";
import { SILENT } from "@regomesh/base";
import { type FileEndpoint, makeSnapshotFile } from "@regomesh/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Backend, exchange, openBackend, statuses } from "../test/bench.ts";
import { makeService, makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";
import { type LeafOptions, TestAuthority } from "../test/test-authority.ts";
import { openProxy, type Sidecar } from "./proxy.ts";
import type { Identity } from "./tls.ts";

const ID = (name: string, domain = "cluster.local"): string => `spiffe://${domain}/ns/default/sa/${name}`;
const authority = new TestAuthority("cluster.local");
const stranger = new TestAuthority("cluster.local");
const open: { close(): Promise<void> }[] = [];
let backend: Backend;

beforeEach(async () => {
  backend = await openBackend((request, response) => response.end(String(request.headers["x-forwarded-client-cert"])));
  open.push(backend);
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function openSidecar(
  name: string,
  identity: Identity,
  endpoints: readonly FileEndpoint[] = [],
): Promise<Sidecar> {
  const sidecar = await openProxy({
    log: SILENT,
    workload: undefined,
    namespace: "default",
    appPort: backend.port,
    edge: undefined,
    outboundPort: 0,
    accessLog: undefined,
    workers: 1,
    state: undefined,
  });
  open.push(sidecar);
  await sidecar.setIdentity(identity);
  const workload = makeWorkload({ name, service: name, principal: ID(name), outbound: [makeService("orders")] });
  await sidecar.applyFile(makeSnapshotFile(makeSnapshot(workload), [], endpoints));
  return sidecar;
}

/** A request from web's application to the sidecar of orders, each with an identity of its own. */
async function ask(web: Identity, orders: Identity): Promise<string> {
  const receiver = await openSidecar("orders", orders);
  const endpoint: FileEndpoint = {
    service: "orders.default",
    address: "127.0.0.1",
    port: receiver.addresses.inbound["http"]?.port ?? 0,
    workload: "orders",
    principal: ID("orders"),
    labels: {},
    portName: "http",
  };
  const sender = await openSidecar("web", web, [endpoint]);
  return await exchange(sender.addresses.outbound.port, "GET http://orders/ HTTP/1.1\r\nHost: orders\r\n\r\n");
}

test("a request passes between two sidecars, and the application is told who asks", async () => {
  const text = await ask(authority.identity(ID("web")), authority.identity(ID("orders")));
  expect(statuses(text)).toEqual([200]);
  expect(text).toContain(`URI=${ID("web")}`);
});

const past: Partial<LeafOptions> = { notBeforeMs: Date.now() - 7_200_000, notAfterMs: Date.now() - 3_600_000 };

test.each([
  ["has expired", () => authority.identity(ID("orders"), past), "peer_identity"],
  ["is of another root", () => stranger.identity(ID("orders")), "peer_identity"],
  ["is of another trust domain", () => authority.identity(ID("orders", "other.domain")), "peer_identity"],
  ["is a workload, but not of this service", () => authority.identity(ID("payments")), "peer_identity"],
])("a server whose certificate %s is refused", async (_, makeOrders, reason) => {
  const text = await ask(authority.identity(ID("web")), makeOrders());
  expect(statuses(text)).toEqual([503]);
  expect(text).toContain(`"reason":"${reason}"`);
  expect(backend.seen).toEqual([]);
});

function twoNames(): Identity {
  const identity = authority.identity(ID("orders"));
  return { ...identity, ...authority.issue({ uris: [ID("orders"), ID("web")] }) };
}

test("a server whose certificate has two URI names is refused", async () => {
  const text = await ask(authority.identity(ID("web")), twoNames());
  expect([statuses(text), backend.seen]).toEqual([[503], []]);
  expect(text).toContain('"reason":"peer_identity"');
});

test.each([
  ["has expired", () => authority.identity(ID("web"), past)],
  ["is of another root", () => ({ ...stranger.identity(ID("web")), bundlePem: authority.bundlePem })],
  ["is of another trust domain", () => authority.identity(ID("web", "other.domain"))],
  [
    "has two URI names",
    () => ({ ...authority.identity(ID("web")), ...authority.issue({ uris: [ID("web"), ID("x")] }) }),
  ],
])("a client whose certificate %s gets nothing", async (_, makeWeb) => {
  const orders = await openSidecar("orders", authority.identity(ID("orders")));
  const { keyPem: key, chainPem: cert } = makeWeb();
  const socket = connectTls({
    host: "127.0.0.1",
    port: orders.addresses.inbound["http"]?.port ?? 0,
    key,
    cert,
    ca: authority.bundlePem,
    checkServerIdentity: () => undefined,
  });
  let text = "";
  socket.on("data", (chunk) => {
    text += String(chunk);
  });
  socket.on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nHost: orders\r\n\r\n");
  await new Promise<void>((done) => socket.on("close", () => done()));
  expect([text, backend.seen]).toEqual(["", []]);
});

test("plaintext on a strict port gets nothing", async () => {
  const orders = await openSidecar("orders", authority.identity(ID("orders")));
  const text = await exchange(orders.addresses.inbound["http"]?.port ?? 0, "GET / HTTP/1.1\r\nHost: orders\r\n\r\n");
  expect([statuses(text), backend.seen]).toEqual([[], []]);
});

test("a new identity holds for new connections, and no request is lost", async () => {
  const orders = await openSidecar("orders", authority.identity(ID("orders")));
  const endpoint: FileEndpoint = {
    service: "orders.default",
    address: "127.0.0.1",
    port: orders.addresses.inbound["http"]?.port ?? 0,
    workload: "orders",
    principal: ID("orders"),
    labels: {},
    portName: "http",
  };
  const web = await openSidecar("web", authority.identity(ID("web")), [endpoint]);
  const get = async () =>
    statuses(await exchange(web.addresses.outbound.port, "GET http://orders/ HTTP/1.1\r\nHost: orders\r\n\r\n"));
  for (let turn = 0; turn < 10; turn++) {
    expect(await get()).toEqual([200]);
    await (turn % 2 === 0 ? web : orders).setIdentity(authority.identity(ID(turn % 2 === 0 ? "web" : "orders")));
  }
});
