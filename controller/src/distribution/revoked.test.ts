import { NOTHING_REVOKED, type Revoked, type Snapshot } from "@regomesh/protocol";
import { expect, test } from "vitest";
import { makeHello } from "../test/play.ts";
import { step } from "./distribution.ts";
import { type PackedSnapshot, type Release, toPublication } from "./release.ts";
import { type Distribution, type DistributionEvent, type Effect, EMPTY_DISTRIBUTION } from "./state.ts";

const principal = (name: string) => `spiffe://td/ns/default/sa/${name}`;

function makeRelease(sequence: number, names: readonly string[]): Release {
  const workloads = names.map((name): Release["plan"]["workloads"][number] => ({
    name,
    namespace: "default",
    service: name,
    labels: {},
    principal: principal(name),
    inbound: [],
    policies: {},
    defaultVerdict: "deny",
    pathLevel: "BASE",
  }));
  return {
    revision: { epoch: "e", sequence, name: `r${sequence}` },
    plan: { mesh: { name: "m", trustDomain: "td" }, workloads, outbound: [], services: [], modules: [] },
    source: "git main",
    builtAtMs: 0,
    issuedAtMs: 0,
    explainDenials: false,
  };
}

const IDS = ["web", "orders"];
const bySerial = (serial: string): Revoked => ({ serials: [serial], workloads: [] });

/** Two proxies, `web` of serial 1 and `orders` of serial 2, whose answers are left out. */
class Mesh {
  state: Distribution = EMPTY_DISTRIBUTION;
  nowMs = 0;

  constructor(revoked = NOTHING_REVOKED) {
    this.take({ kind: "revoke", revoked });
    this.publish(1);
    for (const [index, name] of IDS.entries()) this.connect(index + 1, name, String(index + 1));
  }

  publish(sequence: number, names: readonly string[] = IDS): readonly string[] {
    return this.take({ kind: "publish", publication: toPublication(makeRelease(sequence, names)), standing: "new" });
  }

  connect(id: number, name: string, serial: string, notBeforeMs = 1000): readonly string[] {
    const workload = `default/${name}`;
    const hello = {
      workload: name,
      namespace: "default",
      instance: name,
      moduleAbi: 1,
      snapshotFormats: [1],
      features: ["delta"],
      holding: undefined,
      listen: [],
      admin: "",
    };
    const certificate = { serial, principal: principal(name), workload, notBeforeMs };
    return this.take({ kind: "connect", id, workload, certificate, hello });
  }

  /** Says that it has what it was sent. */
  ack(id: number): readonly string[] {
    const delivery = this.state.roster.proxies.get(id)?.delivery;
    if (delivery?.kind !== "awaiting") return [];
    const { nonce, hash, revision } = delivery;
    return this.take({ kind: "ack", id, ack: { nonce, holding: { snapshotHash: hash, revision, contentHashes: [] } } });
  }

  take(event: DistributionEvent): readonly string[] {
    const { state, effects } = step(this.state, event, this.nowMs);
    this.state = state;
    return effects.map(print);
  }
}

function print(effect: Effect): string {
  if (effect.kind === "close") return `${effect.id} closed ${effect.reason}: ${effect.message}`;
  if (effect.kind !== "send") return effect.kind;
  const { revision, members, revoked } = read(effect.snapshot);
  const taken = [...(revoked?.serials ?? []), ...(revoked?.workloads ?? []).map(({ workload }) => workload)];
  const names = (members ?? []).flatMap(({ workloads }) => workloads.map((each) => each.replace("default/", "")));
  return `${effect.id} ${revision.sequence} ${names.join("+")} without ${taken.join("+") || "nothing"}`;
}

function read({ whole }: PackedSnapshot): Snapshot {
  return JSON.parse(new TextDecoder().decode(whole().body)) as Snapshot;
}

test("every snapshot says who is of the mesh", () => {
  const mesh = new Mesh();
  for (const id of [1, 2]) mesh.ack(id);
  expect(mesh.publish(2, [...IDS, "payments"])).toEqual([
    "1 2 orders+payments+web without nothing",
    "2 2 orders+payments+web without nothing",
  ]);
});

test("a certificate that is taken back ends its proxy's stream, and the others are told under the same number", () => {
  const mesh = new Mesh();
  for (const id of [1, 2]) mesh.ack(id);
  expect(mesh.take({ kind: "revoke", revoked: bySerial("1") })).toEqual([
    `1 closed revoked: the certificate 1 of ${principal("web")} was taken back`,
    "2 1 orders+web without 1",
  ]);
  expect(mesh.ack(2)).toEqual([]);
  expect(mesh.state.proven?.revoked).toEqual(bySerial("1"));
});

test("saying it again tells nobody", () => {
  const mesh = new Mesh(bySerial("9"));
  for (const id of [1, 2]) mesh.ack(id);
  expect(mesh.take({ kind: "revoke", revoked: bySerial("9") })).toEqual([]);
});

test("a release that comes later says it too, and so does one that is gone back to", () => {
  const mesh = new Mesh();
  for (const id of [1, 2]) mesh.ack(id);
  mesh.take({ kind: "revoke", revoked: bySerial("9") });
  for (const id of [1, 2]) mesh.ack(id);
  expect(mesh.publish(2)).toEqual(["1 2 orders+web without 9", "2 2 orders+web without 9"]);
  const refuse = (id: number) => {
    const delivery = mesh.state.roster.proxies.get(id)?.delivery;
    const nonce = delivery?.kind === "awaiting" ? delivery.nonce : "";
    const nack = { nonce, hash: "", class: "content", reason: "policy_bad_module", problems: [], holding: undefined };
    return mesh.take({ kind: "nack", id, nack });
  };
  refuse(1);
  mesh.take({ kind: "revoke", revoked: bySerial("8") });
  expect(mesh.state.publication?.revoked).toEqual(bySerial("8"));
  expect(mesh.state.proven?.revoked).toEqual(bySerial("8"));
});

test("of a workload what begins before a time is taken back: it may come again with what it was issued since", () => {
  const revoked = {
    serials: [],
    workloads: [{ workload: "default/web", principal: principal("web"), beginsBeforeMs: 2000 }],
  };
  const mesh = new Mesh();
  for (const id of [1, 2]) mesh.ack(id);
  expect(mesh.take({ kind: "revoke", revoked })).toEqual([
    "1 closed revoked: what default/web was issued was taken back",
    "2 1 orders+web without default/web",
  ]);
  expect(mesh.connect(3, "web", "3", 2000)).toEqual(["3 1 orders+web without default/web"]);
});

test("a revision came in force when it did, whatever is sent of it later, and the next one when that does", () => {
  const mesh = new Mesh();
  const since = () => [1, 2].map((id) => mesh.state.roster.proxies.get(id)?.inForceAtMs);
  const ackAll = (nowMs: number) => {
    mesh.nowMs = nowMs;
    for (const id of [1, 2]) mesh.ack(id);
  };
  ackAll(5);
  mesh.nowMs = 50;
  expect(mesh.take({ kind: "revoke", revoked: bySerial("9") })).toHaveLength(2);
  ackAll(70);
  expect(since()).toEqual([5, 5]);
  mesh.publish(2);
  ackAll(90);
  expect(since()).toEqual([90, 90]);
});

test("a hello that tells of it before its ACK does says when a revision came in force, too", () => {
  const mesh = new Mesh();
  for (const id of [1, 2]) mesh.ack(id);
  mesh.publish(2);
  mesh.nowMs = 40;
  const { delivery } = mesh.state.roster.proxies.get(1) ?? {};
  if (delivery?.kind !== "awaiting") throw new Error("it was sent the revision");
  const holding = { snapshotHash: delivery.hash, revision: delivery.revision, contentHashes: [] };
  mesh.take({ kind: "hello", id: 1, hello: makeHello("web", { instance: "web", holding }) });
  mesh.nowMs = 41;
  mesh.ack(1);
  expect(mesh.state.roster.proxies.get(1)).toMatchObject({ inForceAtMs: 40, ackTookMs: 41 });
});
