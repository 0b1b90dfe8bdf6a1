import { hash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import type { MeshPlan } from "../../build/build.ts";
import type { Lease } from "../../store/store.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { type Kept, LastGood } from "./last-good.ts";
import { ListBases, makePlanReader, type NamedPlan } from "./list-bases.ts";

type Item = { readonly name: string; readonly value: number };

/** A plan of so many workloads; those named have another value. Items that are the same are the same object. */
function makePlans() {
  const items = new Map<string, Item>();
  const item = (name: string, value: number): Item => {
    const found = items.get(`${name} ${value}`) ?? { name, value };
    items.set(`${name} ${value}`, found);
    return found;
  };
  return (count: number, changed: ReadonlyMap<number, number> = new Map()): MeshPlan =>
    ({
      mesh: { name: "m", trustDomain: "td" },
      workloads: Array.from({ length: count }, (_, at) => item(`w${at}`, changed.get(at) ?? 0)),
      outbound: Array.from({ length: count }, (_, at) => item(`s${at}`, 0)),
      services: [item("only", 0)],
      modules: [],
    }) as unknown as MeshPlan;
}

const across = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function readBack(lists: ListBases, plans: readonly MeshPlan[]): readonly MeshPlan[] {
  const pieces = new Map(lists.piecesOf(plans).map(({ hash: name, wasm, data }) => [name, { hash: name, wasm, data }]));
  const read = makePlanReader((name) => {
    const piece = pieces.get(name);
    if (piece === undefined) throw new Error(`${name} is not there`);
    return piece;
  });
  return plans.map((plan) => read(across(lists.name(plan))));
}

test("whatever plans come after each other, each is read as it was, and what two have in common as one thing", () => {
  const changes = fc.array(
    fc.record({
      count: fc.constantFrom(3, 200, 300),
      changed: fc.array(fc.tuple(fc.nat(299), fc.nat(3)), { maxLength: 60 }),
    }),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(changes, (all) => {
      const [makePlan, lists] = [makePlans(), new ListBases()];
      let before: MeshPlan | undefined;
      for (const { count, changed } of all) {
        const plan = makePlan(count, new Map(changed));
        const both = before === undefined ? [plan] : [plan, before];
        const [read, readBefore] = readBack(lists, both);
        expect([read, ...(readBefore === undefined ? [] : [readBefore])]).toEqual(both);
        before = plan;
      }
    }),
  );
});

test("a few workloads that are other are kept by themselves, and many by a base of their own; of a small mesh all are", () => {
  const [makePlan, lists] = [makePlans(), new ListBases()];
  const isOther = (count: number) => new Map(Array.from({ length: count }, (_, at) => [at, 1]));
  const first = makePlan(200);
  const [base] = lists.piecesOf([first]);
  const line = makePlan(200, isOther(25));
  expect(lists.piecesOf([line, first])).toEqual([base]);
  const { workloads, base: named } = lists.name(line) as NamedPlan;
  expect([workloads.filter((each) => typeof each !== "number").length, named]).toEqual([25, base?.hash]);
  const many = makePlan(200, isOther(26));
  expect(lists.piecesOf([many])).not.toEqual([base]);
  // What is gone back to is kept as it was.
  expect(lists.piecesOf([many, line]).length).toBe(2);
  const small = makePlan(100);
  expect([lists.piecesOf([small]), lists.name(small)]).toEqual([[], small]);
  const { services: _, ...older } = makePlan(1000);
  expect(lists.piecesOf([older as MeshPlan])).toEqual([]);
});

let [folder, lease] = ["", undefined as unknown as Lease];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-lists-"));
  lease = await makeLease(folder);
});
afterEach(async () => {
  await lease.end();
  rmSync(folder, { recursive: true });
});

function keptOf(plan: MeshPlan, sequence: number, fallback?: Kept): Kept {
  const revision = { epoch: "e", sequence, name: `r${sequence}` };
  const release = { revision, plan, source: "git main", builtAtMs: 1, issuedAtMs: 2, explainDenials: false };
  return {
    release,
    compiler: "c",
    built: `b${sequence}`,
    ...(fallback === undefined
      ? {}
      : { fallback: { release: fallback.release, compiler: "c", built: fallback.built } }),
  };
}

const inFolder = (name: string) => join(folder, "snapshots", name);
const packs = () => readdirSync(join(folder, "snapshots")).filter((name) => name.endsWith(".pack"));

test("of a line in a large mesh a controller writes what differs, and starts from it", async () => {
  const makePlan = makePlans();
  const store = new LastGood(lease, SYSTEM_CLOCK);
  const first = keptOf(makePlan(1000), 1);
  await store.write(first);
  await store.sync();
  const [base] = packs();
  const bytes = statSync(inFolder(base ?? "")).size;
  let last = first;
  for (let round = 2; round < 6; round++) {
    last = keptOf(makePlan(1000, new Map([[round, round]])), round, last);
    await store.write(last);
    await store.sync();
    expect(packs()).toEqual([base]);
    expect(statSync(inFolder("last-good.json")).size).toBeLessThan(bytes / 2);
    expect(await new LastGood(lease, SYSTEM_CLOCK).read()).toEqual({ kept: last });
  }
  // What is in force at both is one thing, which its proxies are not sent again.
  const { kept } = await new LastGood(lease, SYSTEM_CLOCK).read();
  expect(kept?.fallback?.release.plan.workloads[9]).toBe(kept?.release.plan.workloads[9]);
  // A controller that goes on from it writes no other base.
  const next = new LastGood(lease, SYSTEM_CLOCK);
  const read = (await next.read()).kept as Kept;
  const { fallback: _, ...proven } = read;
  await next.write({ ...proven, built: "again" });
  await next.sync();
  expect((await new LastGood(lease, SYSTEM_CLOCK).read()).kept).toEqual({ ...proven, built: "again" });
});

test("where its base is changed, cut or away a release is none", async () => {
  const makePlan = makePlans();
  const store = new LastGood(lease, SYSTEM_CLOCK);
  const first = keptOf(makePlan(1000), 1);
  await store.write(first);
  await store.sync();
  await store.write(keptOf(makePlan(1000, new Map([[1, 1]])), 2, first));
  await store.sync();
  const base = inFolder(packs()[0] ?? "");
  const bytes = readFileSync(base);
  for (const [damaged, fault] of [
    [Buffer.concat([bytes.subarray(0, -1), Buffer.of(0)]), /is not what its name says/],
    [bytes.subarray(0, bytes.length - 4), /is not what its name says/],
    [undefined, /is not there/],
  ] as const) {
    if (damaged === undefined) rmSync(base);
    else writeFileSync(base, damaged);
    const { kept, fault: said } = await new LastGood(lease, SYSTEM_CLOCK).read();
    expect([kept, said]).toEqual([undefined, expect.stringMatching(fault)]);
  }
});

test("a large release that an earlier version has kept whole is read", async () => {
  const store = new LastGood(lease, SYSTEM_CLOCK);
  const kept = keptOf(makePlans()(1000), 1);
  await store.write(kept);
  const content = across(kept);
  const digest = hash("sha256", JSON.stringify(content));
  writeFileSync(inFolder("last-good.json"), JSON.stringify({ format: 4, digest, packs: [], content }));
  expect(await new LastGood(lease, SYSTEM_CLOCK).read()).toEqual({ kept });
});
