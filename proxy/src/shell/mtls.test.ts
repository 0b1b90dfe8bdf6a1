import { connect as connectTls } from "node:tls";
import { type FileEndpoint, makeSnapshotFile } from "@regomesh/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Counter } from "../metrics/counters.ts";
import { type Backend, exchange, openBackend, plainOptions, statuses } from "../test/bench.ts";
import { type MadePolicy, makeAuthz, makePolicy } from "../test/make-policy.ts";
import { makeService, makeSnapshot, makeWorkload } from "../test/make-snapshot.ts";
import { type LeafOptions, TestAuthority } from "../test/test-authority.ts";
import type { Identity } from "./net/tls.ts";
import { openProxy, type Sidecar } from "./proxy.ts";

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
  inbound?: MadePolicy,
): Promise<Sidecar> {
  const sidecar = await openProxy(plainOptions(backend.port));
  open.push(sidecar);
  await sidecar.setIdentity(identity);
  const workload = makeWorkload({
    name,
    service: name,
    principal: ID(name),
    outbound: [makeService("orders")],
    policies: inbound === undefined ? {} : { inbound: inbound.ref },
  });
  const modules = inbound === undefined ? [] : [inbound.module];
  await sidecar.applyFile(makeSnapshotFile(makeSnapshot(workload), modules, endpoints));
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

function endpointOf(sidecar: Sidecar): FileEndpoint {
  return {
    service: "orders.default",
    address: "127.0.0.1",
    port: sidecar.addresses.inbound["http"]?.port ?? 0,
    workload: "orders",
    principal: ID("orders"),
    labels: {},
    portName: "http",
  };
}

test("what the other sidecar refuses by itself is neither its endpoint's failure nor tried again", async () => {
  const policy = makePolicy(
    makeAuthz(
      'allow := true if http.path == "/good"\n\nallow := true if http.path == "/bad"\n\nallow := {"allowed": true} if http.path == "/bad"',
    ),
  );
  const receivers = [
    await openSidecar("orders", authority.identity(ID("orders")), [], policy),
    await openSidecar("orders", authority.identity(ID("orders")), [], policy),
  ];
  const sender = await openSidecar("web", authority.identity(ID("web")), receivers.map(endpointOf));
  const get = (path: string): Promise<string> =>
    exchange(sender.addresses.outbound.port, `GET http://orders${path} HTTP/1.1\r\nHost: orders\r\n\r\n`);
  for (let turn = 0; turn < 12; turn++) {
    const text = await get("/bad");
    expect([statuses(text), text.includes('"reason":"policy_conflict"')]).toEqual([[503], true]);
    expect(text).not.toMatch(/x-regomesh-reason/i);
  }
  const { endpoints, counters } = await sender.plane.read();
  expect(endpoints.map(({ breaker }) => breaker)).toEqual(["closed", "closed"]);
  expect(counters[Counter.retries]).toBe(0);
  expect(statuses(await get("/good"))).toEqual([200]);
});

test("what an application says in the mesh's name is believed by no sidecar", async () => {
  await backend.close();
  backend = await openBackend((request, response) => {
    request.resume();
    response.writeHead(503, { "x-regomesh-reason": "policy_conflict" }).end("busy");
  });
  open.push(backend);
  const receivers = [
    await openSidecar("orders", authority.identity(ID("orders"))),
    await openSidecar("orders", authority.identity(ID("orders"))),
  ];
  const sender = await openSidecar("web", authority.identity(ID("web")), receivers.map(endpointOf));
  for (let turn = 0; turn < 20; turn++) {
    const text = await exchange(sender.addresses.outbound.port, "GET http://orders/ HTTP/1.1\r\nHost: o\r\n\r\n");
    expect(statuses(text)).toEqual([503]);
  }
  const { endpoints } = await sender.plane.read();
  expect(endpoints.filter(({ breaker }) => breaker === "open").length).toBe(1);
});

test("a sidecar is told how long the other keeps an idle connection, and gives it up before", async () => {
  const orders = await openSidecar("orders", authority.identity(ID("orders")));
  const { keyPem: key, chainPem: cert } = authority.identity(ID("web"));
  const port = orders.addresses.inbound["http"]?.port ?? 0;
  const socket = connectTls({ port, key, cert, ca: authority.bundlePem, checkServerIdentity: () => undefined });
  let text = "";
  const request = "GET / HTTP/1.1\r\nHost: orders\r\n\r\n";
  const came = new Promise<void>((done) => {
    socket.on("data", (chunk) => {
      text += String(chunk);
      if (statuses(text).length === 2) done();
    });
  });
  socket.write(request + request);
  await came;
  socket.destroy();
  // Once a connection is enough.
  expect(text.match(/keep-alive: timeout=60\r\n/g)?.length).toBe(1);
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
