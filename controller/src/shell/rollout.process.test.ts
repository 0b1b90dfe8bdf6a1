/** What becomes of a build that proxies would refuse: no resource makes one today, so it is handed in. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "@regomesh/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeLease } from "../../test/make-lease.ts";
import type { RefusedBody } from "../api/bodies.ts";
import type { Built, MeshPlan } from "../build/build.ts";
import type { SourceContent } from "../sources/source.ts";
import type { Builder } from "./build/builder.ts";
import { Composer } from "./composer.ts";
import { Rollout } from "./rollout.ts";
import { KeptPin } from "./store/kept-pin.ts";
import { LastGood } from "./store/last-good.ts";
import { SourceContents } from "./store/source-contents.ts";
import { SYSTEM_CLOCK } from "./system-clock.ts";

type Workload = MeshPlan["workloads"][number];
type Port = Workload["inbound"][number];

const port = (name: string): Port => {
  const address = { address: "127.0.0.1", port: 0 };
  return { name, protocol: "http", mode: "strict", listen: address, application: address };
};

function makePlan(inbound: readonly Port[]): MeshPlan {
  const workload: Workload = {
    name: "web",
    namespace: "default",
    service: "web",
    labels: {},
    principal: "spiffe://td/ns/default/sa/web",
    inbound,
    policies: {},
    defaultVerdict: "deny",
    pathLevel: "BASE",
  };
  return { mesh: { name: "m", trustDomain: "td" }, workloads: [workload], outbound: [], services: [], modules: [] };
}

const commit = (id: string): SourceContent => ({
  source: "root",
  label: "git main",
  revision: { id, subject: id, author: "Ann", committedAtMs: 0 },
  files: [],
  unread: [],
  path: "",
  messagesSince: async () => "",
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-rollout-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

test("what proxies would refuse is refused before any is sent it, and before it is kept", async () => {
  const plans = [
    makePlan([port("http")]),
    makePlan([port("http"), port("http")]),
    makePlan([port("http"), port("more")]),
  ];
  const builder: Pick<Builder, "version" | "build"> = {
    version: async () => "1",
    build: async (): Promise<Built> => {
      const plan = plans.shift();
      if (plan === undefined) throw new Error("no more builds");
      return { plan, diagnostics: [], failedTests: [], passedTests: 0, sources: [], resources: {}, verdicts: [] };
    },
  };
  const lease = await makeLease(folder);
  const published: string[] = [];
  const refused: (readonly RefusedBody[])[] = [];
  const lastGood = new LastGood(lease, SYSTEM_CLOCK);
  const composer = new Composer({
    builder: builder as Builder,
    contents: new SourceContents(lease, SYSTEM_CLOCK, SILENT),
    rights: [],
    sources: {},
    trustDomain: () => "td",
    clock: SYSTEM_CLOCK,
    log: SILENT,
    refuse: (all) => void refused.push(all),
  });
  const rollout = new Rollout({
    builder: builder as Builder,
    composer,
    keptPin: new KeptPin(lease, SYSTEM_CLOCK),
    lastGood,
    trustDomain: () => "td",
    explainDenials: false,
    clock: SYSTEM_CLOCK,
    log: SILENT,
    publish: ({ revision }) => void published.push(revision.name),
    remembered: async () => [],
    fallback: () => undefined,
  });
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
  await rollout.close();
  await lease.end();
});

test("a release that an earlier version has kept in another shape is not used, and nobody dies of it", async () => {
  const lease = await makeLease(folder);
  const lastGood = new LastGood(lease, SYSTEM_CLOCK);
  const { workloads: _, ...plan } = makePlan([port("http")]);
  const revision = { epoch: "e", sequence: 3, name: "old" };
  const facts = { source: "git main", builtAtMs: 1, issuedAtMs: 2, explainDenials: false };
  const release = { revision, plan: plan as MeshPlan, ...facts };
  await lastGood.write({ release, compiler: "1", built: "old" });
  const warned: unknown[] = [];
  const rollout = new Rollout({
    builder: {} as Builder,
    composer: new Composer({
      builder: {} as Builder,
      contents: new SourceContents(lease, SYSTEM_CLOCK, SILENT),
      rights: [],
      sources: {},
      trustDomain: () => "td",
      clock: SYSTEM_CLOCK,
      log: SILENT,
      refuse: () => {},
    }),
    keptPin: new KeptPin(lease, SYSTEM_CLOCK),
    lastGood,
    trustDomain: () => "td",
    explainDenials: false,
    clock: SYSTEM_CLOCK,
    log: { log: (level, message, facts) => void warned.push([level, message, facts]) },
    publish: () => {},
    remembered: async () => ["default/web"],
    fallback: () => undefined,
  });
  await rollout.restore();
  expect(rollout.release).toBeUndefined();
  expect(warned).toEqual([
    ["warn", "the last good revision is not used", { reason: "it was kept by a version that wrote it otherwise" }],
  ]);
  await rollout.close();
  await lease.end();
});
