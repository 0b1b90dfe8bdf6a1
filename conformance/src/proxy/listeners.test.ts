/** Listeners follow the snapshot: once it is in force, no port answers as the one before said. */
import { createServer } from "node:net";
import { freePort } from "@regomesh/cli";
import type { InboundPort } from "@regomesh/protocol";
import type { SnapshotRefused } from "@regomesh/proxy";
import { TestAuthority } from "@regomesh/proxy/test";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dialMesh } from "./stand/mesh-client.ts";
import { openStand, type Stand, type StandOptions, snapshotOf } from "./stand/stand.ts";
import { dial, echo, Played, response, type Wire } from "./stand/wire.ts";
import { within } from "./stand/within.ts";

const DEADLINE_MS = 5000;
const ID = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;
const authority = new TestAuthority("cluster.local");
const identity = authority.identity(ID("web"));
const REQUEST = "GET /asked HTTP/1.1\r\nHost: web\r\n\r\n";

const open: { close(): Promise<unknown> }[] = [];
let app: Played;
/** Free at the start of each test. */
let free: number;

beforeEach(async () => {
  app = await Played.open(echo);
  open.push(app);
  free = await freePort();
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function portOf(change: Partial<InboundPort> = {}): InboundPort {
  return {
    name: "http",
    protocol: "http",
    mode: "edge",
    listen: { address: "127.0.0.1", port: free },
    application: { address: "127.0.0.1", port: app.port },
    ...change,
  };
}

async function start(ports: readonly InboundPort[], options: StandOptions = {}): Promise<Stand> {
  const stand = await openStand({ identity, ...options, workload: { inbound: ports } });
  open.push({ close: () => stand.end() });
  return stand;
}

async function enforce(stand: Stand, ports: readonly InboundPort[]): Promise<void> {
  await stand.proxy.applyFile(snapshotOf({ workload: { inbound: ports } }));
}

/** What a plaintext client of an address gets: a status, or "nothing". */
async function plain(address = "127.0.0.1", port = free): Promise<number | "nothing"> {
  const wire = dial(port, address).end(REQUEST);
  await wire.whole();
  return wire.statuses[0] ?? "nothing";
}

async function ofMesh(port = free): Promise<number | undefined> {
  const wire = (await dialMesh(port, identity)).write(REQUEST);
  await wire.until("asked");
  wire.socket.destroy();
  return wire.statuses[0];
}

/** A connection that has had an answer and stays open. */
async function warm(): Promise<Wire> {
  const wire = dial(free).write(REQUEST);
  await wire.until("GET /asked");
  return wire;
}

describe.each([1, 2])("with %d workers", (workers) => {
  test("from edge to strict: plaintext gets nothing any more, not even on an open connection", async () => {
    const stand = await start([portOf()], { workers });
    const idle = await warm();
    let isOver = false;
    const late: unknown[] = [];
    const load = Array.from({ length: 4 }, async () => {
      while (!isOver) await plain();
    });
    await enforce(stand, [portOf({ mode: "strict" })]);
    late.push(...(await Promise.all(Array.from({ length: 10 }, () => plain()))));
    isOver = true;
    await Promise.all(load);
    expect(late).toEqual(Array(10).fill("nothing"));
    idle.write(REQUEST);
    await idle.whole();
    expect(idle.statuses).toEqual([200]);
    expect(await ofMesh()).toBe(200);
  });

  test("from strict to edge: the mesh's connections end, plaintext is answered", async () => {
    const stand = await start([portOf({ mode: "strict" })], { workers });
    const idle = (await dialMesh(free, identity)).write(REQUEST);
    await idle.until("asked");
    await enforce(stand, [portOf()]);
    await idle.whole();
    expect(await plain()).toBe(200);
  });

  test.each([
    ["to another address", "127.0.0.1", "127.0.0.2", "127.0.0.1"],
    ["from every address to one", "0.0.0.0", "127.0.0.1", "127.0.0.2"],
    ["from one address to every one", "127.0.0.1", "0.0.0.0", undefined],
  ])("%s: where it listens is where the snapshot says", async (_, from, to, closed) => {
    const stand = await start([portOf({ listen: { address: from, port: free } })], { workers });
    expect(await plain("127.0.0.1")).toBe(200);
    await enforce(stand, [portOf({ listen: { address: to, port: free } })]);
    expect(await plain(to === "0.0.0.0" ? "127.0.0.2" : to)).toBe(200);
    if (closed !== undefined) expect(await plain(closed)).toBe("nothing");
    expect(stand.proxy.addresses.inbound["http"]).toEqual({ address: to, port: free });
  });

  test("to another port: the old one is closed", async () => {
    const stand = await start([portOf()], { workers });
    const other = await freePort();
    await enforce(stand, [portOf({ listen: { address: "127.0.0.1", port: other } })]);
    expect([await plain("127.0.0.1", free), await plain("127.0.0.1", other)]).toEqual(["nothing", 200]);
  });

  test("under another name and with another application, the same port answers for those", async () => {
    const stand = await start([portOf()], { workers });
    const second = await Played.open((wire) => void wire.until("\r\n\r\n").then(() => wire.end(response("second"))));
    open.push(second);
    const idle = await warm();
    await enforce(stand, [portOf({ name: "api", application: { address: "127.0.0.1", port: second.port } })]);
    expect(await dial(free).end(REQUEST).whole()).toContain("second");
    await idle.whole();
    expect(Object.keys(stand.proxy.addresses.inbound)).toEqual(["api"]);
  });
});

test("two ports may change places", async () => {
  const other = await freePort();
  const at = (port: number) => ({ address: "127.0.0.1", port });
  const stand = await start([portOf(), portOf({ name: "mesh", mode: "strict", listen: at(other) })]);
  expect([await plain("127.0.0.1", free), await plain("127.0.0.1", other)]).toEqual([200, "nothing"]);
  await enforce(stand, [portOf({ listen: at(other) }), portOf({ name: "mesh", mode: "strict" })]);
  expect([await plain("127.0.0.1", free), await plain("127.0.0.1", other)]).toEqual(["nothing", 200]);
  expect(await ofMesh(free)).toBe(200);
});

test("two ports of one address are refused, and so is a port that somebody else has", async () => {
  const stand = await start([portOf()]);
  const taken = createServer();
  await new Promise<void>((done) => taken.listen(0, "127.0.0.1", done));
  open.push({ close: () => new Promise((done) => taken.close(done)) });
  const { port } = taken.address() as { port: number };
  for (const ports of [
    [portOf(), portOf({ name: "again" })],
    [portOf({ mode: "strict" }), portOf({ name: "taken", listen: { address: "127.0.0.1", port } })],
  ]) {
    const refusal = await enforce(stand, ports).catch((error: unknown) => error);
    expect((refusal as SnapshotRefused).problems).toMatchObject([{ code: "listen_failed" }]);
    expect(await plain()).toBe(200);
  }
});

describe("a port that is no more", () => {
  async function begin(options: StandOptions): Promise<{ stand: Stand; client: Wire; behind: Wire }> {
    const slow = await Played.open(() => undefined);
    open.push(slow);
    const stand = await start([portOf({ application: { address: "127.0.0.1", port: slow.port } })], options);
    const client = dial(free).write(REQUEST);
    const behind = await slow.next();
    await behind.until("\r\n\r\n");
    return { stand, client, behind };
  }

  test("finishes what is under way, and nothing else", async () => {
    const { stand, client, behind } = await begin({});
    await enforce(stand, []);
    client.write(REQUEST);
    behind.write(response("finished"));
    expect(await client.whole()).toMatch(/connection: close[\s\S]*finished$/i);
    expect(client.statuses).toEqual([200]);
    expect(behind.text.match(/asked/g)).toHaveLength(1);
    expect(await plain()).toBe("nothing");
  });

  test("cuts what is under way when its grace is over", async () => {
    const { stand, client } = await begin({ graceMs: 50 });
    await enforce(stand, []);
    expect(await within(DEADLINE_MS, "its end", client.whole())).toContain('"reason":"connection_ended"');
  });
});
