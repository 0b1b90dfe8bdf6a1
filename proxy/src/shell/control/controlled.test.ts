import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, makeLog, SILENT } from "@regomesh/base";
import { moduleHash, type Snapshot } from "@regomesh/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Backend, exchange, openBackend, plainOptions, statuses } from "../../test/bench.ts";
import { makeService, makeSnapshot, makeWorkload } from "../../test/make-snapshot.ts";
import { TestAuthority } from "../../test/test-authority.ts";
import { TestController } from "../../test/test-controller.ts";
import { openProxy, type Sidecar } from "../proxy.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { Controlled, type ControlOptions } from "./controlled.ts";

const WEB = "spiffe://cluster.local/ns/default/sa/web";
const authority = new TestAuthority("cluster.local");
const open: { close(): Promise<unknown> }[] = [];
let backend: Backend;
let controller: TestController;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-proxy-"));
  backend = await openBackend();
  controller = new TestController(authority, WEB);
  await writeFile(
    join(folder, "token"),
    JSON.stringify({ token: "the-token", spiffeId: WEB, caPem: authority.bundlePem }),
  );
  open.push(backend, controller);
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
  await rm(folder, { recursive: true });
});

const revision = (sequence: number): Snapshot =>
  makeSnapshot(
    makeWorkload({
      inbound: makeWorkload().inbound.map((port) => ({ ...port, mode: "edge" as const })),
      outbound: [makeService("orders")],
      defaultVerdict: sequence % 2 === 1 ? "allow" : "deny",
    }),
    { revision: { epoch: "e", sequence, name: `r${sequence}` } },
  );

async function start(
  world: Partial<Pick<ControlOptions, "clock" | "log" | "tokenFile" | "ownAddress">> = {},
): Promise<{ sidecar: Sidecar; link: Controlled }> {
  const sidecar = await openProxy({
    ...plainOptions(backend.port),
    workload: "web",
    state: join(folder, "state"),
  });
  open.push(sidecar);
  const link = await Controlled.open({
    sidecar,
    address: `127.0.0.1:${controller.port}`,
    tokenFile: join(folder, "token"),
    workload: "web",
    namespace: "default",
    state: join(folder, "state"),
    clock: SYSTEM_CLOCK,
    random: Math.random,
    log: SILENT,
    ...world,
  });
  open.push(link);
  return { sidecar, link };
}

async function ask(sidecar: Sidecar): Promise<number | undefined> {
  const { port } = sidecar.addresses.inbound["http"] ?? { port: 0 };
  return statuses(await exchange(port, "GET / HTTP/1.1\r\nHost: web\r\n\r\n"))[0];
}

test("a proxy joins, enforces, says where it listens, and reports", async () => {
  controller.snapshot = revision(1);
  await controller.start();
  const { sidecar, link } = await start();
  await link.ready;
  await controller.until(() => controller.heard.acks.length === 1);
  expect(await ask(sidecar)).toBe(200);
  const { hellos } = controller.heard;
  const { address, port } = sidecar.addresses.inbound["http"] ?? { address: "", port: 0 };
  expect(hellos.map(({ listen }) => listen)).toEqual([[], [{ portName: "http", address, port, transports: ["h1"] }]]);
  const decidedBy = { epoch: "e", sequence: 1, name: "r1" };
  expect(controller.heard.acks[0]?.holding).toEqual({
    snapshotHash: sidecar.load?.hash,
    revision: decidedBy,
    contentHashes: [],
  });
  await controller.until(() =>
    controller.heard.reports.some(({ edges }) => edges.some(({ requests }) => requests === 1)),
  );
  const told = controller.heard.reports.find(({ edges }) => edges.length > 0);
  expect(told?.edges.map((edge) => edge.revision)).toEqual([decidedBy]);
  expect(told?.decisions.map((decision) => decision.revision)).toEqual([decidedBy]);
  expect(told?.holding?.revision).toEqual(decidedBy);
  expect((await stat(join(folder, "state/identity.json"))).mode & 0o777).toBe(0o600);
});

test("the first hello of a stream says what is held, and another comes only from somewhere else", async () => {
  controller.snapshot = revision(1);
  await controller.start();
  const { link } = await start();
  await link.ready;
  await controller.until(() => controller.heard.acks.length === 1);
  controller.snapshot = revision(2);
  controller.send(controller.snapshot);
  await controller.until(() => controller.heard.acks.length === 2);
  controller.kill();
  await controller.start();
  await controller.until(() => controller.heard.hellos.length === 3);
  const said = controller.heard.hellos.map(({ listen, holding }) => [
    listen.length,
    holding?.revision?.sequence,
    holding?.contentDigests !== undefined,
  ]);
  expect(said).toEqual([
    [0, undefined, true],
    [1, 1, false],
    [1, 2, true],
  ]);
});

test("endpoints come and go by their own stream", async () => {
  controller.snapshot = revision(1);
  await controller.start();
  const { sidecar, link } = await start();
  await link.ready;
  const out = async () =>
    await exchange(sidecar.addresses.outbound.port, "GET http://orders/ HTTP/1.1\r\nHost: orders\r\n\r\n");
  expect(await out()).toContain('"reason":"no_endpoint"');
  const endpoint = {
    address: "127.0.0.1",
    port: 1,
    workload: "o",
    principal: WEB,
    labels: {},
    portName: "http",
    transports: ["h1"],
  };
  controller.sendEndpoints({
    services: [{ service: "orders.default", endpoints: [endpoint], gone: [] }],
    complete: false,
  });
  await controller.until(() => controller.heard.reports.at(-1)?.endpoints.length === 1);
  expect(await out()).toContain('"reason":"connect_failed"');
  const unspoken = { ...endpoint, port: 2, transports: ["h2"] };
  const both = { ...endpoint, port: 3, transports: ["h2", "h1"] };
  controller.sendEndpoints({
    services: [{ service: "orders.default", endpoints: [unspoken, both], gone: [] }],
    complete: false,
  });
  await controller.until(() => controller.heard.reports.at(-1)?.endpoints[0]?.port === 3);
  expect(controller.heard.reports.at(-1)?.endpoints.length).toBe(1);
  controller.sendEndpoints({ services: [], complete: true });
  await controller.until(() => controller.heard.reports.at(-1)?.endpoints.length === 0);
  expect(await out()).toContain('"reason":"no_endpoint"');
});

const wasm = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
const withModule = (hash: string): Snapshot => {
  const snapshot = revision(2);
  const [workload] = snapshot.workloads;
  if (workload === undefined) throw new Error("no workload");
  return { ...snapshot, workloads: [{ ...workload, policies: { inbound: { module: hash, entrypoints: [] } } }] };
};

test.each([
  [
    "is not signed by the mesh",
    () => controller.send(revision(2), [], (body) => Buffer.concat([body, Buffer.of(32)])),
    "snapshot_signature",
    "local",
  ],
  ["is older", () => controller.send(revision(0)), "snapshot_sequence", "local"],
  ["names a module that is not there", () => controller.send(withModule("a".repeat(64))), "policy_missing", "local"],
  [
    "has a module of another ABI",
    () => {
      const hash = moduleHash(wasm, "{}");
      controller.send(withModule(hash), [{ hash, wasm, data: "{}" }]);
    },
    "policy_abi_mismatch",
    "content",
  ],
  [
    "has a module with another hash",
    () => controller.send(withModule("b".repeat(64)), [{ hash: "b".repeat(64), wasm, data: "{}" }]),
    "module_hash",
    "content",
  ],
])("a snapshot that %s is refused with the reason, and the old one stays", async (_, send, code, kind) => {
  controller.snapshot = revision(1);
  await controller.start();
  const { sidecar, link } = await start();
  await link.ready;
  await controller.until(() => controller.heard.acks.length === 1);
  send();
  await controller.until(() => controller.heard.nacks.length === 1);
  expect(controller.heard.nacks[0]).toMatchObject({
    class: kind,
    reason: code,
    problems: [{ code }],
    holding: { revision: { sequence: 1 } },
  });
  expect(sidecar.load?.snapshot.revision.name).toBe("r1");
  expect(await ask(sidecar)).toBe(200);
});

test("while the controller is away the last word holds, and its return is noticed", async () => {
  controller.snapshot = revision(1);
  await controller.start();
  const { sidecar, link } = await start();
  await link.ready;
  await controller.until(() => controller.heard.acks.length === 1);
  controller.kill();
  for (let i = 0; i < 5; i++) expect(await ask(sidecar)).toBe(200);
  controller.snapshot = revision(2);
  await controller.start();
  await controller.until(() => controller.heard.acks.length === 2);
  expect(await ask(sidecar)).toBe(403);
});

const behindFor = (behindMaxMs: number, sequence = 1): Snapshot => {
  const snapshot = revision(sequence);
  return { ...snapshot, mesh: { ...snapshot.mesh, behindMaxMs } };
};

/** Asks until it is answered so; the test's own time bounds it. */
async function askUntil(sidecar: Sidecar, wanted: number): Promise<void> {
  while ((await ask(sidecar)) !== wanted);
}

test("a proxy that has been without its controller for as long as the mesh allows denies, until it is back", async () => {
  controller.snapshot = behindFor(300);
  await controller.start();
  const { sidecar, link } = await start();
  await link.ready;
  await controller.until(() => controller.heard.acks.length === 1);
  expect(await ask(sidecar)).toBe(200);
  const awayMs = Date.now();
  controller.kill();
  await askUntil(sidecar, 503);
  expect(Date.now() - awayMs).toBeGreaterThanOrEqual(300);
  expect(sidecar.waitingFor()).toMatch(/^it is behind its controller since /);
  const { port } = sidecar.addresses.inbound["http"] ?? { port: 0 };
  expect(await exchange(port, "GET / HTTP/1.1\r\nHost: web\r\n\r\n")).toContain('"reason":"policy_stale"');
  const out = await exchange(sidecar.addresses.outbound.port, "GET http://orders/ HTTP/1.1\r\nHost: orders\r\n\r\n");
  expect(out).toContain('"reason":"policy_stale"');
  controller.snapshot = behindFor(300, 3);
  await controller.start();
  await askUntil(sidecar, 200);
});

test("a proxy that refuses what is newer is behind too, and no longer once it takes something", async () => {
  controller.snapshot = behindFor(300);
  await controller.start();
  const { sidecar, link } = await start();
  await link.ready;
  await controller.until(() => controller.heard.acks.length === 1);
  controller.send({ ...behindFor(300, 3), workloads: [{ ...makeWorkload(), name: "another" }] });
  await controller.until(() => controller.heard.nacks.length === 1);
  await askUntil(sidecar, 503);
  controller.send(behindFor(300, 5));
  await askUntil(sidecar, 200);
});

test("a proxy that starts with the controller away is as old as its snapshot", async () => {
  controller.snapshot = { ...behindFor(60_000), issuedAtMs: Date.now() - 61_000 };
  await controller.start();
  const first = await start();
  await first.link.ready;
  await controller.until(() => controller.heard.acks.length === 1);
  expect(await ask(first.sidecar)).toBe(200);
  await first.link.close();
  await first.sidecar.close();
  controller.kill();
  const second = await start();
  await second.link.ready;
  expect(await ask(second.sidecar)).toBe(503);
});

test("a proxy that is started with the controller away serves on the last good snapshot", async () => {
  controller.snapshot = revision(1);
  await controller.start();
  const first = await start();
  await first.link.ready;
  await controller.until(() => controller.heard.acks.length === 1);
  await first.link.close();
  await first.sidecar.close();
  controller.kill();
  const second = await start();
  await second.link.ready;
  expect(await ask(second.sidecar)).toBe(200);
});

test.each([
  ["changed", (text: string) => text.replace('"defaultVerdict":"allow"', '"defaultVerdict":"deny"')],
  ["cut off", (text: string) => text.slice(0, 100)],
])("a last good snapshot that was %s is not started from", async (_, change) => {
  controller.snapshot = revision(1);
  await controller.start();
  const first = await start();
  await first.link.ready;
  await controller.until(() => controller.heard.acks.length === 1);
  await first.link.close();
  await first.sidecar.close();
  controller.kill();
  const file = join(folder, "state/last-good.json");
  await writeFile(file, change(await readFile(file, "utf8")));
  const { sidecar } = await start();
  const health = await (await fetch(`http://127.0.0.1:${sidecar.addresses.admin.port}/healthz`)).json();
  expect(health).toMatchObject({ ready: false });
});

test("without controller and snapshot a proxy says what it waits for", async () => {
  const { sidecar } = await start();
  expect(sidecar.isReady).toBe(false);
  const text = await exchange(sidecar.addresses.outbound.port, "GET http://orders/ HTTP/1.1\r\nHost: orders\r\n\r\n");
  expect(text).toContain('"reason":"no_snapshot"');
  const response = await fetch(`http://127.0.0.1:${sidecar.addresses.admin.port}/healthz`);
  expect([response.status, ((await response.json()) as { reason: string }).reason]).toEqual([
    503,
    expect.stringContaining("no"),
  ]);
});

test("it is ready with identity, policy and endpoints, and says which it waits for", async () => {
  controller.endpoints = undefined;
  await controller.start();
  const { sidecar, link } = await start();
  const readyz = async () => {
    const response = await fetch(`http://127.0.0.1:${sidecar.addresses.admin.port}/readyz`);
    const { ready, reason } = (await response.json()) as { readonly ready: boolean; readonly reason: string };
    return [response.status, ready, reason];
  };
  await controller.until(() => controller.heard.hellos.length > 0);
  expect(await readyz()).toEqual([503, false, expect.stringMatching(/^no snapshot yet: /)]);
  controller.send(revision(1));
  await link.ready;
  expect(await readyz()).toEqual([503, false, "no endpoints yet: the controller has not said where services are"]);
  controller.sendEndpoints({ services: [], complete: true });
  while (!sidecar.isReady) await readyz();
  expect(await readyz()).toEqual([200, true, ""]);
});

/** Its port listens on every address of `family`. */
const everywhere = (address: "0.0.0.0" | "::"): Snapshot =>
  makeSnapshot(
    makeWorkload({ inbound: makeWorkload().inbound.map((port) => ({ ...port, listen: { address, port: 0 } })) }),
  );

test.each([
  ["its own end of the connection to the controller", "0.0.0.0", undefined, "127.0.0.1"],
  ["the same of a port of both families", "::", undefined, "127.0.0.1"],
  ["the one that its operator names", "::", "2001:db8::7", "2001:db8::7"],
] as const)("a port that listens on every address is told by one: %s", async (_, listen, ownAddress, told) => {
  controller.snapshot = everywhere(listen);
  await controller.start();
  const { sidecar, link } = await start({ ownAddress });
  await link.ready;
  await controller.until(() => controller.heard.acks.length === 1);
  const { port } = sidecar.addresses.inbound["http"] ?? { port: 0 };
  const heard = controller.heard.hellos.at(-1)?.listen.map(({ address, port }) => [address, port]);
  expect(heard).toEqual([[told, port]]);
});

test("of a port that nobody could reach nobody is told, and its log says why, once", async () => {
  controller.snapshot = everywhere("0.0.0.0");
  await controller.start();
  const said: string[] = [];
  const log = makeLog({ write: (line) => void said.push(line), nowMs: Date.now });
  const { link } = await start({ ownAddress: "2001:db8::7", log });
  await link.ready;
  await controller.until(() => controller.heard.acks.length === 1);
  expect(controller.heard.hellos.flatMap(({ listen }) => listen)).toEqual([]);
  expect(said.filter((line) => line.includes("nobody is told of a port"))).toHaveLength(1);
});

test("an SVID is renewed before its end, and the streams go over to it", async () => {
  controller.snapshot = revision(1);
  controller.svidTtlMs = 2500;
  await controller.start();
  const { sidecar, link } = await start();
  await link.ready;
  await controller.until(() => controller.heard.issued >= 3);
  expect(await ask(sidecar)).toBe(200);
  expect(sidecar.isReady).toBe(true);
});

/** A clock on which every wait is over at once; `waited` tells of each. */
const hurried = (waited: () => void): Clock => ({
  nowMs: () => SYSTEM_CLOCK.nowMs(),
  async sleep(_, signal) {
    waited();
    await new Promise((next) => setImmediate(next));
    signal?.throwIfAborted();
  },
});
const writeToken = (token: string) =>
  writeFile(join(folder, "token"), JSON.stringify({ token, spiffeId: WEB, caPem: authority.bundlePem }));

test("a join token that was refused is asked with once; another one in its file is taken", async () => {
  controller.snapshot = revision(1);
  await controller.start();
  await writeToken("old");
  let waits = 0;
  let many: () => void = () => {};
  const waitedLong = new Promise<void>((done) => {
    many = done;
  });
  const { sidecar, link } = await start({ clock: hurried(() => ++waits > 50 && many()) });
  await waitedLong;
  expect(controller.heard.refused).toBe(1);
  expect(sidecar.waitingReason).toContain("the join token is unknown");
  expect(sidecar.waitingReason).toContain(`${join(folder, "token")} needs another one`);
  await writeToken("the-token");
  await link.ready;
  expect(await ask(sidecar)).toBe(200);
});

test("a proxy whose certificate was taken back takes another by the token that its file has then", async () => {
  controller.snapshot = revision(1);
  await controller.start();
  const { sidecar, link } = await start();
  await link.ready;
  const before = sidecar.identity;
  controller.isRenewing = false;
  controller.refusal = "the certificate was taken back";
  controller.token = "the second";
  await writeToken("the second");
  controller.kill();
  await controller.start();
  await controller.until(() => controller.heard.issued === 2);
  controller.refusal = undefined;
  while (sidecar.identity?.chainPem === before?.chainPem) await new Promise((next) => setImmediate(next));
  await controller.until(() => controller.heard.hellos.length >= 2);
});

test("without identity and without token the reason says what to start it with", async () => {
  const { sidecar } = await start({ tokenFile: undefined });
  while (!sidecar.waitingReason.includes("no --join-token-file")) await new Promise((next) => setImmediate(next));
  expect(sidecar.waitingReason).toContain("start with the file that regomesh token create writes");
});

test("an identity that has ended when it arrives is no identity: the clocks differ, and that is said", async () => {
  controller.svidTtlMs = -60_000;
  await controller.start();
  const { sidecar } = await start();
  await controller.until(() => controller.heard.issued >= 2);
  expect(sidecar.waitingReason).toMatch(
    /the identity that the controller gave ended \d+ s ago by this machine's clock: the two clocks differ/,
  );
});

test("a controller that refuses is not said to be away", async () => {
  const said: string[] = [];
  controller.refusal = "it is not workload default/web";
  await controller.start();
  await start({ log: { log: (_, message) => void said.push(message) } });
  await controller.until(() => controller.heard.refused >= 2);
  expect(said).toContain("the controller refuses this proxy");
  expect(said).not.toContain("the controller is away");
});

test("who is refused again in the same words, with another identity, goes on with that", async () => {
  controller.refusal = "it is not workload default/web";
  await controller.start();
  await start({ clock: hurried(() => {}) });
  await controller.until(() => controller.heard.refused >= 12);
  expect(controller.heard.issued).toBe(2);
});

test.each([
  ["token", "{", "is no join token file: "],
  ["token", JSON.stringify({ token: "t", spiffeId: WEB, caPem: "no" }), "its caPem is no certificate"],
])("a damaged %s file is named", async (name, text, says) => {
  await writeFile(join(folder, name), text);
  const { sidecar } = await start();
  while (!sidecar.waitingReason.includes(says)) await new Promise((next) => setImmediate(next));
  expect(sidecar.waitingReason).toContain(join(folder, name));
});

test("a damaged identity or key in the state folder is named, and another takes its place", async () => {
  const said: string[] = [];
  await mkdir(join(folder, "state"), { recursive: true });
  await writeFile(join(folder, "state/identity.json"), '{"key": 1');
  await writeFile(join(folder, "state/pending_key.pem"), "no key");
  controller.snapshot = revision(1);
  await controller.start();
  const { link } = await start({ log: { log: (_, __, facts) => void said.push(String(facts?.["reason"])) } });
  await link.ready;
  expect(said).toContain(`${join(folder, "state/identity.json")} is no identity file`);
});

test("a key for which an identity came is pending no more: who joins again does so with another", async () => {
  controller.snapshot = revision(1);
  await controller.start();
  const { link } = await start();
  await link.ready;
  await expect.poll(async () => (await readdir(join(folder, "state"))).includes("identity.json")).toBe(true);
  await expect.poll(async () => (await readdir(join(folder, "state"))).includes("pending_key.pem")).toBe(false);
});
