/** What becomes of builds that no resources make, or not at that moment: they are handed in. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "@regomesh/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeLease } from "../../../test/make-lease.ts";
import type { RefusedBody } from "../../api/releases.ts";
import type { Built, MeshPlan } from "../../build/build.ts";
import type { SourceContent } from "../../sources/source.ts";
import { type Lease, StoreError } from "../../store/store.ts";
import type { Builder } from "../build/builder.ts";
import { type OperatorOptions, SourceOperator } from "../sources/operate.ts";
import { KeptPin } from "../store/kept-pin.ts";
import { LastGood } from "../store/last-good.ts";
import { SourceContents } from "../store/source-contents.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { Composer } from "./composer.ts";
import { Rollout, type RolloutOptions } from "./rollout.ts";

type Workload = MeshPlan["workloads"][number];
type Port = Workload["inbound"][number];

const port = (name: string): Port => {
  const address = { address: "127.0.0.1", port: 0 };
  return { name, protocol: "http", mode: "strict", listen: address, application: address };
};

function makePlan(inbound: readonly Port[], names: readonly string[] = ["web"]): MeshPlan {
  const workloads = names.map(
    (name): Workload => ({
      name,
      namespace: "default",
      service: name,
      labels: {},
      principal: `spiffe://td/ns/default/sa/${name}`,
      inbound,
      policies: {},
      defaultVerdict: "deny",
      pathLevel: "BASE",
    }),
  );
  return { mesh: { name: "m", trustDomain: "td" }, workloads, outbound: [], services: [], modules: [] };
}

const commit = (id: string, messagesSince = async () => ""): SourceContent => ({
  source: "root",
  label: "git main",
  revision: { id, subject: id, author: "Ann", committedAtMs: 0 },
  files: [],
  unread: [],
  path: "",
  messagesSince,
});

let folder: string;
let lease: Lease;
let lastGood: LastGood;
let opened: Rollout | undefined;
let published: string[];
let refused: (readonly RefusedBody[])[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-rollout-"));
  lease = await makeLease(folder);
  lastGood = new LastGood(lease, SYSTEM_CLOCK);
  opened = undefined;
  published = [];
  refused = [];
});
afterEach(async () => {
  await opened?.close();
  await lease.end();
  await rm(folder, { recursive: true });
});

/** With the plans that builds give, one after the other. */
function makeRollout(
  plans: MeshPlan[],
  options: Partial<Pick<RolloutOptions, "keptPin" | "log" | "remembered" | "onGiven" | "prepare" | "publish">> = {},
): { readonly rollout: Rollout; readonly composer: Composer } {
  const handed: Pick<Builder, "version" | "build"> = {
    version: async () => "1",
    build: async (): Promise<Built> => {
      const plan = plans.shift();
      if (plan === undefined) throw new Error("no more builds");
      return { plan, diagnostics: [], failedTests: [], passedTests: 0, sources: [], resources: {}, verdicts: [] };
    },
  };
  const builder = handed as Builder;
  const composer = new Composer({
    builder,
    contents: new SourceContents(lease, SYSTEM_CLOCK, SILENT),
    rights: [],
    sources: {},
    trustDomain: () => "td",
    clock: SYSTEM_CLOCK,
    log: SILENT,
    refuse: (all) => void refused.push(all),
  });
  opened = new Rollout({
    builder,
    composer,
    keptPin: new KeptPin(lease, SYSTEM_CLOCK),
    lastGood,
    trustDomain: () => "td",
    explainDenials: false,
    clock: SYSTEM_CLOCK,
    log: SILENT,
    prepare: async () => {},
    publish: ({ revision }) => void published.push(revision.name),
    remembered: async () => [],
    fallback: () => undefined,
    ...options,
  });
  return { rollout: opened, composer };
}

test("what proxies would refuse is refused before any is sent it, and before it is kept", async () => {
  const { rollout } = makeRollout([
    makePlan([port("http")]),
    makePlan([port("http"), port("http")]),
    makePlan([port("http"), port("more")]),
  ]);
  await rollout.open();
  for (const hash of ["good", "bad", "better"]) await rollout.take(commit(hash));
  expect(published).toEqual(["good", "better"]);
  const said = refused.map((all) => all.flatMap(({ diagnostics }) => diagnostics.map(({ message }) => message)));
  expect(said.filter((messages, at) => messages.join() !== said[at - 1]?.join())).toEqual([
    [],
    ["the snapshot of workload default/web is one that proxies refuse: workload web has two inbound ports http"],
    [],
  ]);
  expect((await lastGood.read()).kept?.release.revision).toMatchObject({ name: "better", sequence: 2 });
});

test("what is put in force as its source is suspended is so before that is answered", async () => {
  const [isPreparing, mayGoOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const prepare = async () => {
    isPreparing.resolve();
    await mayGoOn.promise;
  };
  const { rollout } = makeRollout([makePlan([port("http")])], { prepare });
  await rollout.open();
  const taken = rollout.take(commit("ann"));
  await isPreparing.promise;
  const sources = { suspend: async () => true, find: () => ({ isSuspended: true }) };
  const operator = new SourceOperator({ sources, rollout } as unknown as OperatorOptions);
  const answered = operator.suspend("root", true).then(() => [...published]);
  await new Promise((turn) => setImmediate(turn));
  mayGoOn.resolve();
  expect(await answered).toEqual(["ann"]);
  await taken;
});

test("a pin that the disk refuses is none: what was in force is so again", async () => {
  const refusing: Lease = {
    ...lease,
    get: (key) => lease.get(key),
    compareAndSet: async () => {
      throw new StoreError("refused", "the disk is full");
    },
  };
  const keptPin = new KeptPin(refusing, SYSTEM_CLOCK);
  const [one, two] = [makePlan([port("http")]), makePlan([port("http"), port("more")])];
  const { rollout, composer } = makeRollout([one, two, one, two, one], { keptPin });
  await rollout.open();
  await rollout.take(commit("ann"));
  await rollout.take(commit("bob"));
  const inputs = [{ source: "root", label: "git main", path: "", ...commit("ann").revision }];
  const pin = { revision: "ann", inputs, atMs: 0 };
  await expect(rollout.pinning.set({ pin, contents: [commit("ann")] })).rejects.toThrow("the disk is full");
  expect([composer.pin, published.at(-1)]).toEqual([undefined, "bob"]);
  await rollout.take(commit("carol"));
  expect([published.at(-1), rollout.release?.revision.name]).toEqual(["carol", "carol"]);
});

test("a word for what a commit takes away is kept for the next composition, where it comes while one settles", async () => {
  const [whole, less] = [makePlan([port("http")], ["a", "b", "c"]), makePlan([port("http")], ["a"])];
  const { rollout, composer } = makeRollout([whole, less, less, less]);
  await rollout.open();
  await rollout.take(commit("whole"));
  await rollout.take(commit("less"));
  const hint = refused.at(-1)?.[0]?.diagnostics[0]?.hint ?? "";
  const hash = /confirm ([0-9a-f]+)/.exec(hint)?.[1] ?? "";
  const said: boolean[] = [];
  // Messages are read once it is known that nobody has confirmed it.
  const saying = async () => {
    said.push(composer.confirm(hash));
    return "";
  };
  await rollout.take(commit("less still", saying));
  expect([said, published]).toEqual([[true], ["whole"]]);
  await rollout.compose();
  expect(published).toEqual(["whole", "less still"]);
});

test("a release that an earlier version has kept in another shape is not used, and nobody dies of it", async () => {
  const { workloads: _, ...plan } = makePlan([port("http")]);
  const revision = { epoch: "e", sequence: 3, name: "old" };
  const facts = { source: "git main", builtAtMs: 1, issuedAtMs: 2, explainDenials: false };
  const release = { revision, plan: plan as MeshPlan, ...facts };
  await lastGood.write({ release, compiler: "1", built: "old" });
  const warned: unknown[] = [];
  const { rollout } = makeRollout([], {
    log: { log: (level, message, facts) => void warned.push([level, message, facts]) },
    remembered: async () => ["default/web"],
  });
  await rollout.restore();
  expect(rollout.release).toBeUndefined();
  expect(warned).toEqual([
    ["warn", "the last good revision is not used", { reason: "it was kept by a version that wrote it otherwise" }],
  ]);
});

test("after a start numbers begin beyond all that may have been given before, whoever asks for the next", async () => {
  const next = () => opened?.release?.revision.sequence ?? Number.NaN;
  const { rollout } = makeRollout([makePlan([port("http")])]);
  await rollout.open();
  await rollout.take(commit("one"));
  expect(next()).toBe(1);
  await rollout.close();
  const reserved = await lastGood.numbers.read();
  lastGood = new LastGood(lease, SYSTEM_CLOCK);
  const given: number[] = [];
  const { rollout: again } = makeRollout([makePlan([port("http"), port("more")])], {
    onGiven: (sequence) => void given.push(sequence),
  });
  await again.restore();
  // What was in force stays what it was: whoever has it is sent nothing.
  expect([given, next()]).toEqual([[reserved], 1]);
  // A proxy has a later one, of which the folder knows nothing: another may have had the number after that.
  await again.overtake(2);
  expect(next()).toBe(reserved + 1);
  await again.overtake(2);
  expect(next()).toBe(reserved + 1);
  await again.open();
  await again.take(commit("two"));
  expect(next()).toBe(reserved + 2);
  // Numbers that a backup of the folder does not know of either.
  await again.overtake(reserved + 500);
  expect(next()).toBe(reserved + 500);
  await again.close();
  expect(await new LastGood(lease, SYSTEM_CLOCK).numbers.read()).toBeGreaterThan(reserved + 500);
});

type Fate = "nothing" | "proven" | "held";
test.each<[Fate, string]>([
  ["nothing", "new"],
  ["proven", "proven"],
  ["held", "proven"],
])(
  "the first release that there is, of which %s is known when its controller ends, is %s at the next start",
  async (fate, standing) => {
    const { rollout } = makeRollout([makePlan([port("http")])]);
    await rollout.open();
    await rollout.take(commit("first"));
    const { revision } = rollout.release ?? {};
    if (revision === undefined) throw new Error("nothing is in force");
    if (fate === "proven") await rollout.prove(revision.sequence);
    if (fate === "held") await rollout.hold({ revision, refusals: [], atMs: 0 }, undefined);
    await rollout.close();
    lastGood = new LastGood(lease, SYSTEM_CLOCK);
    const standings: string[] = [];
    const { rollout: again } = makeRollout([], { publish: (_, given) => void standings.push(given) });
    await again.restore();
    expect(standings).toEqual([standing]);
  },
);
