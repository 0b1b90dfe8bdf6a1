import fc from "fast-check";
import { expect, test } from "vitest";
import type { MeshPlan } from "../../build/build.ts";
import type { SourceTree } from "../../build/source-tree.ts";
import { madeFrom } from "../../distribution/parts.ts";
import { checkRelease, makeContents, noteFit, type Publication, toPublication } from "../../distribution/release.ts";
import { plannedService, plannedWorkload } from "../../test/planned.ts";
import { contentsOf, learnContents, SentFiles, SentPlan, TakenFiles, takeLists } from "./held.ts";

/** As a channel between processes gives it: equal, and another object. */
const across = <T>(value: T): T => structuredClone(value);

const trees = fc.array(
  fc.record({
    source: fc.constantFrom("mesh", "team"),
    path: fc.constant(""),
    files: fc.uniqueArray(fc.record({ name: fc.constantFrom("a", "b", "c", "d"), text: fc.constantFrom("1", "2") }), {
      selector: ({ name }) => name,
    }),
  }),
  { maxLength: 2 },
);
const distinct = (all: readonly SourceTree[]) =>
  all.filter(({ source }, at) => all.findIndex((each) => each.source === source) === at);

test("whatever was sent before, the trees that arrive are those that are sent", async () => {
  await fc.assert(
    fc.property(fc.array(trees), (orders) => {
      const [sent, taken] = [new SentFiles(), new TakenFiles()];
      for (const order of orders.map(distinct)) expect(taken.take(across(sent.send(order)))).toEqual(order);
    }),
  );
});

test("a file that has not changed does not cross again, and is the same object where it is held", () => {
  const [sent, taken] = [new SentFiles(), new TakenFiles()];
  const order = (text: string): readonly SourceTree[] => [
    {
      path: "",
      files: [
        { name: "a", text: "1" },
        { name: "b", text },
      ],
    },
  ];
  const [first] = taken.take(across(sent.send(order("2"))));
  const crossing = across(sent.send(order("3")));
  expect(crossing).toEqual([{ path: "", files: [0, { name: "b", text: "3" }] }]);
  const [second] = taken.take(crossing);
  expect(second?.files[0]).toBe(first?.files[0]);
  expect(second?.files[1]).not.toBe(first?.files[1]);
});

const plan = (...names: readonly string[]) =>
  ({ workloads: names.map((name) => ({ name })), outbound: [], services: [] }) as unknown as MeshPlan;

/** As the build process does: what says the same as before is the same. */
const send = (sent: SentPlan, id: number, made: MeshPlan, since: number | undefined) =>
  sent.send(id, sent.hold(made), since);

test("of a plan what differs from the one at hand crosses; what does not is the same object", () => {
  const sent = new SentPlan();
  const first = takeLists(across(send(sent, 1, plan("a", "b"), undefined)), undefined);
  const crossing = across(send(sent, 2, plan("c", "b"), 1));
  expect(crossing.workloads).toEqual([{ name: "c" }, 1]);
  const second = takeLists(crossing, first);
  expect(second.workloads[1]).toBe(first.workloads[1]);
  expect(second.workloads).toEqual(plan("c", "b").workloads);
});

test("where another plan is at hand than the last, or none, all of it crosses", () => {
  const sent = new SentPlan();
  send(sent, 1, plan("a"), undefined);
  send(sent, 2, plan("a"), 1);
  expect(send(sent, 3, plan("a"), 1).workloads).toEqual([{ name: "a" }]);
  expect(send(sent, 4, plan("a"), undefined).workloads).toEqual([{ name: "a" }]);
});

/** A mesh in which `a` calls some of the services, `b` all of them. */
function meshOf(port: number, calls: readonly string[]): MeshPlan {
  return {
    mesh: { name: "m", trustDomain: "td" },
    workloads: [plannedWorkload("a", calls), plannedWorkload("b", undefined)],
    outbound: [plannedService("a"), plannedService("b", { port }), plannedService("c")],
    services: [],
    modules: [],
  } as unknown as MeshPlan;
}

const releaseOf = (plan: MeshPlan, sequence: number, name = "r") => ({
  revision: { epoch: "e", sequence, name },
  plan,
  source: "git main",
  builtAtMs: 0,
  issuedAtMs: 0,
  explainDenials: false,
});

const bodiesOf = ({ snapshots }: Publication) => [...snapshots.values()].map(({ hash, parts }) => [hash, parts.names]);

test("contents that were made where a plan was built are those that are made here, whatever changed", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(80, 81), fc.subarray(["a", "b", "c"])), { minLength: 1, maxLength: 6 }),
      (rounds) => {
        const sent = new SentPlan();
        let made: Parameters<typeof makeContents>[1];
        let held: MeshPlan | undefined;
        for (const [at, [port, calls]] of rounds.entries()) {
          const there = sent.hold(meshOf(port, calls));
          made = makeContents(there, made);
          const lists = sent.send(at, there, at === 0 ? undefined : at - 1);
          const [crossing, contents] = [across(lists), across(contentsOf(lists))];
          const taken = takeLists(crossing, held);
          learnContents(taken, contents);
          for (const item of [...taken.workloads, ...taken.outbound]) expect(madeFrom(item)).toBeDefined();
          held = { ...meshOf(port, calls), ...taken };
          const here = releaseOf(held, at + 1);
          expect(bodiesOf(toPublication(here))).toEqual(bodiesOf(toPublication(across(here))));
        }
      },
    ),
  );
});

test("of a plan that was found fit where it was built the revision alone is looked at, and of another all", () => {
  const twice = meshOf(80, ["a"]);
  const unfit = { ...twice, outbound: twice.outbound.map((each) => ({ ...each, hosts: ["one"] })) };
  expect(checkRelease(releaseOf(unfit, 1))).not.toEqual([]);
  const fit = meshOf(80, ["a"]);
  noteFit(fit);
  expect(checkRelease(releaseOf(fit, 1))).toEqual([]);
  expect(checkRelease(releaseOf(fit, 1, "n".repeat(129)))).toEqual([
    {
      workload: "default/a",
      problem: { code: "snapshot_shape", message: "revision.name must be at most 128 characters" },
    },
  ]);
});
