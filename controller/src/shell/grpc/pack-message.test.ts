import {
  canonicalJson,
  joinDigests,
  joinSnapshot,
  readContents,
  type ServiceContent,
  splitDigests,
} from "@regomesh/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Held } from "../../distribution/missing.ts";
import {
  checkRelease,
  type PackedSnapshot,
  type Publication,
  type Release,
  toPublication,
} from "../../distribution/release.ts";
import type { WorkloadPlan } from "../../snapshot/outbound.ts";
import { plannedService, plannedWorkload } from "../../test/planned.ts";
import { makePacker } from "./pack-message.ts";

const NAMES = ["web", "orders", "payments", "users", "carts"];
const NOTHING: Held = { parts: undefined, digests: new Set() };
const hash = (digit: number) => String(digit).repeat(64);
const NOBODY = { publication: undefined, features: [] };
const pack = makePacker({ sign: () => ({ signature: Buffer.of(1), signerPem: "pem" }) });

const service = (name: string, requestTimeoutMs: number) => plannedService(name, { requestTimeoutMs });

function makeRelease(
  sequence: number,
  services: readonly ServiceContent[],
  workloads: readonly WorkloadPlan[],
): Release {
  return {
    revision: { epoch: "e", sequence, name: `r${sequence}` },
    plan: { mesh: { name: "m", trustDomain: "td" }, workloads, outbound: services, services: [], modules: [] },
    source: "git main",
    builtAtMs: 0,
    issuedAtMs: 0,
    explainDenials: false,
  };
}

const someRelease = fc
  .record({
    names: fc.subarray(NAMES, { minLength: 1 }),
    timeouts: fc.array(fc.constantFrom(1000, 2000), { minLength: NAMES.length, maxLength: NAMES.length }),
    calls: fc.array(fc.option(fc.subarray(NAMES), { nil: undefined }), {
      minLength: NAMES.length,
      maxLength: NAMES.length,
    }),
  })
  .map(({ names, timeouts, calls }) => {
    const known = (called: readonly string[] | undefined) => called?.filter((name) => names.includes(name));
    return (sequence: number) =>
      makeRelease(
        sequence,
        names.map((name, i) => service(name, timeouts[i] ?? 0)),
        ["web", ...names.slice(1)].map((name, i) => plannedWorkload(name, known(calls[i]))),
      );
  });

/** What a proxy makes of a message, given what it holds; the contents that it holds afterwards. */
function take(snapshot: PackedSnapshot, held: Held, contents: ReadonlyMap<string, string>) {
  const message = pack({ kind: "send", id: 1, nonce: "1", snapshot, held, modules: [] }, NOBODY);
  const received = readContents(message, { contents, modules: [] });
  const used = new Map<string, string>();
  const joined = joinSnapshot(JSON.parse(message.body.toString()), (name) => {
    const text = received.read(name);
    if (text !== undefined) used.set(name, text);
    return text === undefined ? undefined : JSON.parse(text);
  });
  return { ...joined, used, message };
}

test("whatever the next revision is, what is sent and what is held make the whole snapshot", () => {
  fc.assert(
    fc.property(someRelease, someRelease, (before, after) => {
      const first = toPublication(before(1));
      const second = toPublication(after(2), undefined, first);
      const [old, next] = [first, second].map(({ snapshots }) => snapshots.get("default/web") as PackedSnapshot);
      if (old === undefined || next === undefined) throw new Error("no snapshot");
      const holding = take(old, NOTHING, new Map());
      expect(canonicalJson(holding.snapshot)).toBe(new TextDecoder().decode(old.whole().body));
      // By the parts of what is in force, or by what the proxy says that it has.
      const digests = splitDigests(joinDigests(holding.used.keys()));
      for (const held of [
        { ...NOTHING, parts: old.parts },
        { parts: undefined, digests },
      ]) {
        const taken = take(next, held, holding.used);
        expect(taken.problems).toEqual([]);
        expect(canonicalJson(taken.snapshot)).toBe(new TextDecoder().decode(next.whole().body));
      }
    }),
    { numRuns: 30 },
  );
});

const services = (timeoutMs: number) => NAMES.map((name) => service(name, name === "orders" ? timeoutMs : 1000));
const workloads = [plannedWorkload("web", ["orders"]), plannedWorkload("carts", ["users"])];

/** A release whose services and workloads are those of earlier ones where they say the same. */
function makeSharing(): (release: Release) => Release {
  const known = new Map<string, object>();
  const share = <Thing extends object>(thing: Thing): Thing => {
    const text = JSON.stringify(thing);
    const found = (known.get(text) ?? thing) as Thing;
    known.set(text, found);
    return found;
  };
  return ({ plan, ...rest }) => ({
    ...rest,
    plan: { ...plan, workloads: plan.workloads.map(share), outbound: plan.outbound.map(share) },
  });
}

test("of things that go from one revision to the next as they are, the same is made, and found wrong, as of new ones", () => {
  fc.assert(
    fc.property(fc.array(someRelease, { maxLength: 5 }), fc.nat(4), (releases, twice) => {
      const share = makeSharing();
      for (const [at, make] of releases.entries()) {
        const made = make(at + 1);
        const { plan } = made;
        // Two services of one host are what no proxy takes.
        const outbound = at === twice ? plan.outbound.map((each) => ({ ...each, hosts: ["one"] })) : plan.outbound;
        const release = { ...made, plan: { ...plan, outbound } };
        const fresh = structuredClone(release);
        expect(checkRelease(share(release))).toEqual(checkRelease(fresh));
        const bodies = ({ snapshots }: Publication) => [...snapshots].map(([key, { hash: own }]) => [key, own]);
        expect(bodies(toPublication(share(release)))).toEqual(bodies(toPublication(fresh)));
      }
    }),
  );
});

test("a workload of which nothing has changed keeps its envelope, byte for byte", () => {
  const first = toPublication(makeRelease(1, services(1000), workloads));
  const second = toPublication(makeRelease(2, services(2000), workloads), undefined, first);
  const of = ({ snapshots }: Publication, name: string) => snapshots.get(`default/${name}`);
  expect(of(second, "carts")).toBe(of(first, "carts"));
  expect(of(second, "web")?.revision.sequence).toBe(2);
  // Until it has had a quarter of its day: then it is issued anew, so that it never ends while it is wanted.
  const late = { ...makeRelease(3, services(2000), workloads), issuedAtMs: 6 * 3_600_000 };
  expect(of(toPublication(late, undefined, second), "carts")?.revision.sequence).toBe(3);
  // What another epoch has issued compares with nothing.
  const other = makeRelease(3, services(2000), workloads);
  const anew = { ...other, revision: { ...other.revision, epoch: "f" } };
  expect(of(toPublication(anew, undefined, second), "carts")?.revision.epoch).toBe("f");
});

test("of one changed service of many, its callers are sent it and what differs in their list", () => {
  const many = Array.from({ length: 200 }, (_, i) => service(`s${i}`, 1000));
  const changed = many.map((each, i) => (i === 7 ? service("s7", 2000) : each));
  const first = toPublication(makeRelease(1, many, [plannedWorkload("web", undefined)]));
  const second = toPublication(makeRelease(2, changed, [plannedWorkload("web", undefined)]), undefined, first);
  const [old, next] = [first, second].map(({ snapshots }) => snapshots.get("default/web") as PackedSnapshot);
  if (old === undefined || next === undefined) throw new Error("no snapshot");
  const { message } = take(next, { ...NOTHING, parts: old.parts }, take(old, NOTHING, new Map()).used);
  expect(message.lists.map(({ removed, added }) => [removed.length, added.length])).toEqual([[1, 1]]);
  // The workload, which names its list, and the service.
  expect(message.contents).toHaveLength(2);
});

test("a proxy that takes no delta is sent the snapshot in one body, with its modules", () => {
  const module = { hash: hash(7), wasm: Uint8Array.of(0, 97), data: "{}" };
  const made = makeRelease(1, services(1000), workloads);
  const release = { ...made, plan: { ...made.plan, modules: [module] } };
  const snapshot = toPublication(release).snapshots.get("default/web") as PackedSnapshot;
  const effect = { kind: "send", id: 1, nonce: "1", snapshot, held: undefined, modules: [module.hash] } as const;
  const message = pack(effect, { publication: { release, snapshots: new Map() }, features: [] });
  expect(JSON.parse(message.body.toString())).toMatchObject({ format: 1, workloads: [{ name: "web" }] });
  expect(message.modules.map((each) => each.hash)).toEqual([module.hash]);
  expect(message.contents).toEqual([]);
});

test("an envelope is canonical text: what is signed is the same however it is put together", () => {
  const { snapshots } = toPublication(
    makeRelease(
      1,
      [service("web", 1000)],
      [plannedWorkload("web", undefined), plannedWorkload("orders", ["web.default"])],
    ),
  );
  for (const { body } of snapshots.values()) {
    const text = Buffer.from(body).toString("utf8");
    expect(text).toBe(canonicalJson(JSON.parse(text)));
  }
  expect(snapshots.size).toBe(2);
});
