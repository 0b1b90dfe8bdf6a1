/**
 * Two sidecars, and what passes between them on one connection: everything of each request, and
 * the end of all of them with the identities, the drain or the network that ends the connection.
 */
import { X509Certificate } from "node:crypto";
import { connect, createServer, type Server, type Socket } from "node:net";
import { parseSerial } from "@regomesh/protocol";
import type { Identity } from "@regomesh/proxy";
import { type LeafOptions, makeService, TestAuthority } from "@regomesh/proxy/test";
import { afterEach, expect, test } from "vitest";
import { endpointAt, openStand, type Stand, type StandOptions } from "./stand/stand.ts";
import { dial, echo, type Part, Played, response, type Wire } from "./stand/wire.ts";
import { eventually, within } from "./stand/within.ts";

const ID = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;
const authority = new TestAuthority("cluster.local");
const REQUEST = "GET /asked HTTP/1.1\r\nHost: orders\r\n\r\n";
/** Certificates count whole seconds: this one has between one and two. */
const SHORT_MS = 2000;
const PATIENCE_MS = 10_000;
const silent: Part = () => undefined;

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const issue = (name: string, change: Partial<LeafOptions> = {}): Identity => authority.identity(ID(name), change);
const shortLived = (name: string): Identity => issue(name, { notAfterMs: Date.now() + SHORT_MS });
const serialOf = ({ chainPem }: Identity): string => parseSerial(new X509Certificate(chainPem).serialNumber) ?? "";

async function play(part: Part): Promise<Played> {
  const played = await Played.open(part);
  open.push(played);
  return played;
}

async function start(options: StandOptions): Promise<Stand> {
  const stand = await openStand(options);
  open.push({ close: () => stand.end() });
  return stand;
}

type Mesh = { readonly web: Stand; readonly orders: Stand; readonly app: Played };
type MeshOptions = { readonly web?: Partial<StandOptions>; readonly orders?: Partial<StandOptions> };

/** web's sidecar, that of orders, and its application; `way` stands between the two. */
async function openMesh(part: Part, options: MeshOptions = {}, way?: (port: number) => Promise<number>): Promise<Mesh> {
  const app = await play(part);
  const orders = await start({ app: app.port, identity: issue("orders"), ...options.orders });
  const port = way === undefined ? orders.inbound : await way(orders.inbound);
  const endpoint = endpointAt(port, { principal: ID("orders") });
  const web = await start({ orders: [endpoint], identity: issue("web"), ...options.web });
  return { web, orders, app };
}

/** A request that the application has, and does not answer yet. */
async function busy({ web, app }: Mesh, text = REQUEST): Promise<{ readonly client: Wire; readonly behind: Wire }> {
  const client = dial(web.outbound).write(text);
  const behind = await app.next();
  await behind.until("\r\n\r\n");
  return { client, behind };
}

const connectionsIn = async ({ orders }: Mesh): Promise<number> =>
  (await orders.proxy.plane.activity("inbound")).connections;

test("requests at the same time share one connection", async () => {
  const mesh = await openMesh(echo);
  const texts = await Promise.all(Array.from({ length: 40 }, (_, i) => mesh.web.askOrders(`/${i}`)));
  for (const [i, text] of texts.entries()) expect(text.endsWith(`GET /${i}`)).toBe(true);
  expect(await connectionsIn(mesh)).toBe(1);
});

test("both ends tell what they have agreed on: TLS 1.3 with a key exchange that outlasts quantum computers", async () => {
  const mesh = await openMesh(echo);
  await mesh.web.askOrders("/");
  const agreed = { protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", spoken: "regomesh/1", count: 1 };
  const [asked, served] = await Promise.all([mesh.web, mesh.orders].map(({ proxy }) => proxy.plane.read()));
  expect(asked?.handshakes).toEqual([
    { direction: "outbound", peer: ID("orders"), group: "X25519MLKEM768", ...agreed },
  ]);
  // Node does not tell a server which group it was.
  expect(served?.handshakes).toEqual([{ direction: "inbound", peer: ID("web"), group: "", ...agreed }]);
});

test("interim responses, trailers both ways, HEAD and content of every framing pass as they are", async () => {
  const mesh = await openMesh(async (wire) => {
    await wire.until("\r\n\r\n");
    if (wire.text.startsWith("HEAD")) return void wire.end("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
    await wire.until("0\r\nX-Sum: 9\r\n\r\n");
    wire.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    wire.end("HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Made: up\r\n\r\n");
  });
  const client = dial(mesh.web.outbound).write(
    "POST /a HTTP/1.1\r\nHost: orders\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n",
  );
  const text = await client.until("X-Made: up\r\n\r\n");
  expect(client.statuses).toEqual([103, 200]);
  expect(text).toMatch(/HTTP\/1\.1 200 Fine\r\n[\s\S]*\r\n2\r\nab\r\n0\r\nX-Made: up\r\n\r\n$/);
  client.socket.destroy();
  const head = dial(mesh.web.outbound).write("HEAD / HTTP/1.1\r\nHost: orders\r\n\r\n");
  expect(await head.until("\r\n\r\n")).toMatch(/200 OK\r\n[\s\S]*Content-Length: 7\r\n/);
  head.socket.destroy();
});

test("a response that breaks off never looks whole, and the others on the connection go on", async () => {
  const mesh = await openMesh(silent);
  const broken = await busy(mesh);
  const other = await busy(mesh);
  broken.behind.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n");
  await broken.client.until("part");
  broken.behind.reset();
  expect(await broken.client.whole()).not.toMatch(/\r\n0\r\n\r\n$/);
  other.behind.write(response("finished"));
  expect(await other.client.until("finished")).toContain("200 OK");
  expect(await connectionsIn(mesh)).toBe(1);
  other.client.socket.destroy();
});

test("what a client cancels is cancelled at the application, and nothing else is", async () => {
  const mesh = await openMesh(silent);
  const left = await busy(mesh);
  const other = await busy(mesh);
  left.client.reset();
  await left.behind.whole();
  other.behind.write(response("finished"));
  expect(await other.client.until("finished")).toContain("200 OK");
  expect(await connectionsIn(mesh)).toBe(1);
  other.client.socket.destroy();
});

test.each([
  ["the client's", { web: { identity: shortLived("web"), graceMs: 60_000 }, orders: { graceMs: 60_000 } }],
  ["the server's", { orders: { identity: shortLived("orders"), graceMs: 60_000 }, web: { graceMs: 60_000 } }],
] as const)(
  "past the end of %s certificate what is under way is finished, and what is new has another connection",
  async (whose, options) => {
    // Made here, for the seconds run from then on.
    const name = whose === "the client's" ? "web" : "orders";
    const identity = shortLived(name);
    const mesh = await openMesh(silent, { ...options, [name]: { ...options[name], identity } });
    const { client, behind } = await busy(mesh);
    await mesh[name].proxy.setIdentity(issue(name));
    await eventually(
      2 * SHORT_MS,
      () => "the end",
      async () => Date.now() > identity.notAfterMs + 100,
    );
    const next = await busy(mesh);
    expect(await connectionsIn(mesh)).toBe(2);
    for (const each of [next, { client, behind }]) {
      each.behind.write(response("finished"));
      expect(await each.client.until("finished")).toContain("200 OK");
      each.client.socket.destroy();
    }
    await eventually(
      PATIENCE_MS,
      () => "the old connection's end",
      async () => (await connectionsIn(mesh)) === 1,
    );
  },
);

test("what is under way is cut when the grace is over", async () => {
  const mesh = await openMesh(silent, { web: { identity: shortLived("web"), graceMs: 50 } });
  const { client, behind } = await busy(mesh);
  behind.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
  expect(await client.whole()).toMatch(/part$/);
  await behind.whole();
});

test.each(["web", "orders"] as const)(
  "of a certificate of %s that is taken back every request ends at once",
  async (name) => {
    const identity = issue(name);
    const mesh = await openMesh(silent, { [name]: { identity } });
    const first = await busy(mesh);
    const second = await busy(mesh);
    const other = name === "web" ? mesh.orders : mesh.web;
    await other.proxy.plane.revoke({ serials: [serialOf(identity)], workloads: [] });
    await Promise.all([first.behind.whole(), second.behind.whole()]);
    for (const { client } of [first, second]) {
      expect(await client.until("reason")).toContain("503");
      client.socket.destroy();
    }
    expect(await mesh.web.askOrders("/again")).toContain("503");
  },
);

test("a drain under load fails no request, whatever its method", async () => {
  const app = await play(echo);
  const replicas = await Promise.all([1, 2].map(() => start({ app: app.port, identity: issue("orders") })));
  const endpoints = replicas.map(({ inbound }) => endpointAt(inbound, { principal: ID("orders") }));
  // Nobody tells web of the drain: all who wait for a connection to a closed port are to be tried again.
  const retry = { ...makeService("orders").traffic.retry, budgetPercent: 100, budgetMin: 100 };
  const web = await start({ orders: endpoints, identity: issue("web"), traffic: { retry } });
  const [leaving] = replicas;
  if (leaving === undefined) throw new Error("there are replicas");
  let isOver = false;
  const answers: string[] = [];
  const load = Array.from({ length: 8 }, async (_, i) => {
    while (!isOver) {
      const text = "POST /p HTTP/1.1\r\nHost: orders\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab";
      const client = dial(web.outbound).write(text);
      await client.whole();
      if (client.statuses[0] !== 200) answers.push(`${i}: ${client.text}`);
      else answers.push("200");
    }
  });
  const has = (count: number) =>
    eventually(
      PATIENCE_MS,
      () => `${count} answers`,
      async () => answers.length >= count,
    );
  await has(50);
  await leaving.proxy.plane.announceDrain("inbound");
  await leaving.proxy.plane.closePorts("inbound");
  const gone = async () => (await leaving.proxy.plane.activity("inbound")).connections === 0;
  await eventually(PATIENCE_MS, () => "its connection's end", gone);
  await has(answers.length + 50);
  isOver = true;
  await Promise.all(load);
  expect(answers.filter((answer) => answer !== "200")).toEqual([]);
});

/** Passes bytes on until it is frozen: then what is open is silent, and what is new passes. */
class Relay {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  constructor(to: number) {
    this.#server = createServer((client) => {
      const server = connect(to, "127.0.0.1");
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        one.on("data", (chunk) => other.write(chunk));
        one.on("close", () => other.destroy());
        one.on("error", () => {});
        this.#sockets.push(one);
      }
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  freeze(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

test("a connection whose other end has gone silent is left for another one", async () => {
  let relay: Relay | undefined;
  const mesh = await openMesh(echo, { web: { traffic: { requestTimeoutMs: 1500 } } }, async (port) => {
    relay = new Relay(port);
    open.push(relay);
    return await relay.listen();
  });
  expect(await mesh.web.askOrders("/first")).toContain("200");
  relay?.freeze();
  expect(await mesh.web.askOrders("/lost")).toContain("504");
  // Nobody has to wait until the system gives the old one up.
  expect(await within(1000, "an answer", mesh.web.askOrders("/next"))).toContain("200");
});

test("a peer that speaks HTTP/1.1 alone, and one that has learnt more since, are both answered", async () => {
  const { keyPem: key, chainPem: cert } = issue("orders");
  const tls = { key, cert, ca: authority.bundlePem, requestCert: true, minVersion: "TLSv1.3" as const };
  const old = await Played.open(echo, { ...tls, ALPNProtocols: ["http/1.1"] });
  const relays = { to: old.port };
  const way = createServer((client) => {
    const server = connect(relays.to, "127.0.0.1");
    client.pipe(server).pipe(client);
    client.on("error", () => server.destroy());
    server.on("error", () => client.destroy());
  });
  await new Promise<void>((done) => way.listen(0, "127.0.0.1", done));
  open.push({ close: async () => void way.close() });
  const port = (way.address() as { readonly port: number }).port;
  const app = await play(echo);
  const orders = await start({ app: app.port, identity: issue("orders") });
  const web = await start({ orders: [endpointAt(port, { principal: ID("orders") })], identity: issue("web") });
  const many = () => Promise.all(Array.from({ length: 5 }, (_, i) => web.askOrders(`/${i}`)));
  for (const text of await many()) expect(text).toContain("200");
  // The old one is replaced where it was.
  relays.to = orders.inbound;
  await old.close();
  for (let turn = 0; turn < 2; turn++) for (const text of await many()) expect(text).toContain("200");
  expect((await orders.proxy.plane.activity("inbound")).accepted).toBeGreaterThan(0);
});
