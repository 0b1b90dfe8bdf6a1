/** A connection ends with the identities that opened it, idle or busy, at both ends. */
import { X509Certificate } from "node:crypto";
import { connect, type TLSSocket } from "node:tls";
import { type Member, type OutboundService, parseSerial } from "@regomesh/protocol";
import type { Identity } from "@regomesh/proxy";
import { type LeafOptions, makeService, TestAuthority } from "@regomesh/proxy/test";
import { afterEach, describe, expect, test } from "vitest";
import { dialMesh } from "./stand/mesh-client.ts";
import { endpointAt, openStand, type Stand, type StandOptions, snapshotOf } from "./stand/stand.ts";
import { dial, echo, type Part, Played, response, Wire } from "./stand/wire.ts";
import { eventually } from "./stand/within.ts";

const ID = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;
const authority = new TestAuthority("cluster.local");
const successor = new TestAuthority("successor");
const REQUEST = "GET /asked HTTP/1.1\r\nHost: orders\r\n\r\n";
/** Certificates count whole seconds: this one has between one and two. */
const SHORT_MS = 2000;
/** Every timer of a moment has fired by then. */
const PAST_MS = 100;
const silent: Part = () => undefined;

const memberOf = (name: string): Member => ({ principal: ID(name), workloads: [`default/${name}`] });

type Membership = Pick<StandOptions, "members" | "revoked">;

function serialOf({ chainPem }: Identity): string {
  return parseSerial(new X509Certificate(chainPem).serialNumber) ?? "";
}

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function issue(name: string, change: Partial<LeafOptions> = {}, by = authority): Identity {
  return by.identity(ID(name), change);
}

const shortLived = (name: string): Identity => issue(name, { notAfterMs: Date.now() + SHORT_MS });

/** The receiver shows a certificate of its own, and trusts `trusted` alone. */
function trusting(name: string, ...trusted: readonly TestAuthority[]): Identity {
  const by = trusted.at(-1) ?? authority;
  return { ...issue(name, {}, by), bundlePem: trusted.map(({ bundlePem }) => bundlePem).join("") };
}

async function play(part: Part, identity?: Identity): Promise<Played> {
  const tls = identity && {
    key: identity.keyPem,
    cert: identity.chainPem,
    ca: identity.bundlePem,
    requestCert: true,
    minVersion: "TLSv1.3" as const,
  };
  const played = await Played.open(part, tls);
  open.push(played);
  return played;
}

async function start(options: StandOptions): Promise<Stand> {
  const stand = await openStand({ identity: issue("web"), ...options });
  open.push({ close: () => stand.end() });
  return stand;
}

describe("inbound", () => {
  /** A request that the application has, and does not answer yet. */
  async function busy(stand: Stand, app: Played, identity: Identity): Promise<{ client: Wire; behind: Wire }> {
    const client = (await dialMesh(stand.inbound, identity)).write(REQUEST);
    const behind = await app.next();
    await behind.until("\r\n\r\n");
    return { client, behind };
  }

  test("an idle connection ends when the client's certificate does", async () => {
    const app = await play(echo);
    const stand = await start({ app: app.port });
    const notAfterMs = Date.now() + SHORT_MS;
    const client = (await dialMesh(stand.inbound, issue("shop", { notAfterMs }))).write(REQUEST);
    await client.until("GET /asked");
    await client.whole();
    expect(Date.now()).toBeGreaterThanOrEqual(Math.floor(notAfterMs / 1000) * 1000);
  });

  test("of a busy one the request under way is finished, and no other is taken", async () => {
    const app = await play(silent);
    const stand = await start({ app: app.port });
    const identity = shortLived("shop");
    const { client, behind } = await busy(stand, app, identity);
    const idle = await dialMesh(stand.inbound, identity);
    await idle.whole();
    client.write(REQUEST);
    behind.write(response("finished"));
    expect(await client.whole()).toMatch(/connection: close[\s\S]*finished$/i);
    expect([client.statuses, behind.text.match(/asked/g)?.length]).toEqual([[200], 1]);
  });

  test("a request under way is cut when the grace is over", async () => {
    const app = await play(silent);
    const stand = await start({ app: app.port, graceMs: 50 });
    const { client, behind } = await busy(stand, app, shortLived("shop"));
    behind.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    expect(await client.whole()).toMatch(/part$/);
    await behind.whole();
  });

  test("connections of an authority that is no longer trusted end at once; the others stay", async () => {
    const app = await play(silent);
    const stand = await start({ app: app.port, identity: trusting("web", authority, successor) });
    const old = await busy(stand, app, issue("shop"));
    const idle = await dialMesh(stand.inbound, issue("shop"));
    const fresh = await busy(stand, app, issue("shop", {}, successor));
    await stand.proxy.setIdentity(trusting("web", successor));
    await Promise.all([idle.whole(), old.client.whole(), old.behind.whole()]);
    expect(old.client.text).toBe("");
    fresh.behind.write(response("finished"));
    expect(await fresh.client.until("finished")).toContain("200 OK");
    fresh.client.socket.destroy();
  });

  test("authorities come and go, one rotation after the other, and each is trusted while it is there", async () => {
    const app = await play(echo);
    const generations = [authority, successor, new TestAuthority("third"), new TestAuthority("fourth")];
    const stand = await start({ app: app.port, identity: trusting("web", authority) });
    for (const [index, next] of generations.slice(1).entries()) {
      const old = generations[index] as TestAuthority;
      await stand.proxy.setIdentity(trusting("web", old, next));
      for (const by of [old, next]) {
        const client = (await dialMesh(stand.inbound, issue("shop", {}, by))).write(REQUEST);
        expect(await client.until("GET /asked")).toContain("200 OK");
        client.socket.destroy();
      }
      await stand.proxy.setIdentity(trusting("web", next));
      const refused = (await dialMesh(stand.inbound, issue("shop", {}, old))).write(REQUEST);
      expect(await refused.whole()).toBe("");
    }
  });

  const withoutShop = (): Membership => ({ members: ["web", "billing"].map(memberOf) });
  const serialTaken = (shop: Identity): Membership => ({ revoked: { serials: [serialOf(shop)], workloads: [] } });
  const issuedTaken = (beginsBeforeMs: number): Membership => ({
    revoked: { serials: [], workloads: [{ workload: "default/shop", principal: ID("shop"), beginsBeforeMs }] },
  });

  test.each([
    ["who is no workload of the mesh any more", withoutShop],
    ["whose certificate was taken back", serialTaken],
    ["whose workload was taken back what it had", () => issuedTaken(Date.now())],
  ])("of a client %s every connection is reset, idle or busy, and no other is taken", async (_, change) => {
    const app = await play(silent);
    const stand = await start({ app: app.port });
    const shop = issue("shop");
    const first = await busy(stand, app, shop);
    const idle = await dialMesh(stand.inbound, shop);
    const other = await busy(stand, app, issue("billing"));
    await stand.proxy.applyFile(snapshotOf({ app: app.port, ...change(shop) }));
    await Promise.all([idle.whole(), first.client.whole(), first.behind.whole()]);
    const again = (await dialMesh(stand.inbound, shop)).write(REQUEST);
    expect([first.client.text, await again.whole()]).toEqual(["", ""]);
    other.behind.write(response("finished"));
    expect(await other.client.until("finished")).toContain("200 OK");
    other.client.socket.destroy();
    const records = await stand.close();
    expect(records.map(({ source }) => source)).toEqual([ID("shop"), ID("billing")]);
  });

  test("what a workload is issued after it was taken back what it had is good", async () => {
    const app = await play(echo);
    const stand = await start({ app: app.port, ...issuedTaken(Date.now() - 60_000) });
    const old = (await dialMesh(stand.inbound, issue("shop"))).write(REQUEST);
    const fresh = (await dialMesh(stand.inbound, issue("shop", { notBeforeMs: Date.now() - 30_000 }))).write(REQUEST);
    expect([await old.whole(), (await fresh.until("GET /asked")).includes("200 OK")]).toEqual(["", true]);
    fresh.socket.destroy();
  });

  test.each([
    ["taken back what it had", () => issuedTaken(Date.now())],
    ["removed", () => ({ members: [{ principal: ID("shop"), workloads: ["default/shop-v2"] }] })],
  ])("of two workloads with one identity it is the one that was meant that is %s", async (_, change) => {
    const app = await play(echo);
    const stand = await start({ app: app.port, ...change() });
    const ask = async (commonName: string) => {
      const client = (await dialMesh(stand.inbound, issue("shop", { commonName }))).write(REQUEST);
      const text = await Promise.race([client.whole(), client.until("GET /asked")]);
      client.socket.destroy();
      return text.includes("200 OK");
    };
    expect([await ask("default/shop"), await ask("default/shop-v2")]).toEqual([false, true]);
  });

  test("a word on certificates holds where the snapshot that brought it cannot be taken", async () => {
    const app = await play(silent);
    const stand = await start({ app: app.port });
    const shop = issue("shop");
    const { client, behind } = await busy(stand, app, shop);
    await stand.proxy.plane.revoke({ serials: [serialOf(shop)], workloads: [] });
    await Promise.all([client.whole(), behind.whole()]);
    expect(client.text).toBe("");
  });

  test("a client that keeps sessions shows its certificate each time", async () => {
    const app = await play(echo);
    const stand = await start({ app: app.port });
    const { keyPem: key, chainPem: cert } = issue("shop");
    let session: Buffer | undefined;
    for (let turn = 0; turn < 3; turn++) {
      const socket: TLSSocket = connect({
        host: "127.0.0.1",
        port: stand.inbound,
        key,
        cert,
        session,
        rejectUnauthorized: false,
      });
      socket.on("session", (next) => {
        session = next;
      });
      const client = new Wire(socket).write(REQUEST);
      await client.until("GET /asked");
      expect([client.statuses, socket.isSessionReused()]).toEqual([[200], false]);
      socket.destroy();
    }
  });
});

describe("outbound", () => {
  type Asked = { readonly stand: Stand; readonly client: Wire; readonly behind: Wire; readonly orders: Played };
  const endpoint = (port: number) => endpointAt(port, { principal: ID("orders") });

  /** A request that the endpoint has, and answers when the scenario says so. */
  async function ask(server: Identity, options: StandOptions = {}): Promise<Asked> {
    const orders = await play(silent, server);
    const stand = await start({ orders: [endpoint(orders.port)], ...options });
    const client = dial(stand.outbound).write(REQUEST);
    await new Promise<void>((done) => orders.server.once("secureConnection", () => done()));
    const [behind] = orders.wires;
    if (behind === undefined) throw new Error("the endpoint has no connection");
    await behind.until("\r\n\r\n");
    return { stand, client, behind, orders };
  }

  const narrowed = (port: number, principals: readonly string[]) =>
    snapshotOf({ orders: [endpoint(port)], service: { principals } });

  test("a principal that the snapshot no longer allows is left in the middle of its answer", async () => {
    const { stand, client, behind, orders } = await ask(issue("orders"));
    behind.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    await client.until("part");
    await stand.proxy.applyFile(narrowed(orders.port, [ID("others")]));
    await Promise.all([client.whole(), behind.whole()]);
    const next = dial(stand.outbound).write(REQUEST);
    expect(await next.until("reason")).toContain('"reason":"peer_identity"');
    next.socket.destroy();
    const records = await stand.close();
    expect(records.map(({ detail }) => detail)).toContain(`principal-unexpected: ${ID("orders")} may not answer here`);
  });

  test("and an idle connection to it is closed", async () => {
    const { stand, client, behind, orders } = await ask(issue("orders"));
    behind.write(response("done"));
    await client.until("done");
    await stand.proxy.applyFile(narrowed(orders.port, [ID("others")]));
    await behind.whole();
    client.socket.destroy();
  });

  test("one that it still allows stays", async () => {
    const { stand, client, behind, orders } = await ask(issue("orders"));
    await stand.proxy.applyFile(narrowed(orders.port, [ID("orders"), ID("others")]));
    behind.write(response("done"));
    await client.until("done");
    client.write(REQUEST);
    await behind.until(/asked[\s\S]*asked/);
    client.socket.destroy();
  });

  /** The service `orders` is no more; `others` are there. */
  const without = (...others: readonly OutboundService[]) => snapshotOf({ workload: { outbound: others } });

  test("one that is gone with its service is left in the middle of its answer", async () => {
    const { stand, client, behind } = await ask(issue("orders"));
    behind.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    await client.until("part");
    await stand.proxy.applyFile(without());
    await Promise.all([client.whole(), behind.whole()]);
  });

  test("one that another service still has may finish its answer", async () => {
    const { stand, client, behind } = await ask(issue("orders"));
    behind.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npart");
    await client.until("part");
    await stand.proxy.applyFile(without({ ...makeService("renamed"), principals: [ID("orders")] }));
    behind.write("more");
    expect(await client.until("partmore")).toContain("200 OK");
    client.socket.destroy();
  });

  test("one whose certificate was taken back is left in the middle of its answer, and not asked again", async () => {
    const server = issue("orders");
    const { stand, client, behind, orders } = await ask(server);
    behind.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    await client.until("part");
    const revoked = { serials: [serialOf(server)], workloads: [] };
    await stand.proxy.applyFile(snapshotOf({ orders: [endpoint(orders.port)], revoked }));
    await Promise.all([client.whole(), behind.whole()]);
    const next = dial(stand.outbound).write(REQUEST);
    expect(await next.until("reason")).toContain('"reason":"peer_identity"');
    next.socket.destroy();
    const records = await stand.close();
    expect(records.at(-1)?.detail).toMatch(/^certificate-revoked: the certificate .* was taken back$/);
  });

  test("with a new identity of ours, the connection under way carries no further request", async () => {
    const { stand, client, behind, orders } = await ask(issue("orders"));
    await stand.proxy.setIdentity(issue("web"));
    behind.write(response("done"));
    await client.until("done");
    await behind.whole();
    client.write(REQUEST);
    await new Promise<void>((done) => orders.server.once("secureConnection", () => done()));
    client.socket.destroy();
  });

  test("an endpoint of an authority that is no longer trusted is left at once", async () => {
    const server = trusting("orders", successor, authority);
    const { stand, client, behind } = await ask(server, { identity: trusting("web", successor, authority) });
    await stand.proxy.setIdentity(trusting("web", successor));
    await behind.whole();
    expect(await client.until("reason")).toContain("503");
    client.socket.destroy();
  });

  test("past that end the request under way has its grace, also where we have a new identity since", async () => {
    const server = shortLived("orders");
    const { stand, client, behind } = await ask(server, { graceMs: 60_000 });
    behind.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npart");
    await client.until("part");
    await stand.proxy.setIdentity(issue("web"));
    await eventually(
      2 * SHORT_MS,
      () => "the end",
      async () => Date.now() > server.notAfterMs + PAST_MS,
    );
    behind.write("more");
    expect(await client.until("partmore")).toContain("200 OK");
    client.socket.destroy();
  });

  test.each([
    ["the endpoint's", () => ({ server: shortLived("orders"), identity: issue("web") })],
    ["our own", () => ({ server: issue("orders"), identity: shortLived("web") })],
  ])("a busy connection is cut when %s certificate and the grace have ended", async (_, make) => {
    const { server, identity } = make();
    const { client, behind } = await ask(server, { identity, graceMs: 50 });
    behind.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    expect(await client.whole()).toMatch(/part$/);
    await behind.whole();
  });
});
