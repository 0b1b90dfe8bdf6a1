import fc from "fast-check";
import { expect, test } from "vitest";
import type { MeshPlan } from "../../build/build.ts";
import type { SourceTree } from "../../build/source-tree.ts";
import { SentFiles, SentPlan, TakenFiles, takeLists } from "./held.ts";

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

test("of a plan what differs from the one at hand crosses; what does not is the same object", () => {
  const sent = new SentPlan();
  const first = takeLists(across(sent.send(1, plan("a", "b"), undefined)), undefined);
  const crossing = across(sent.send(2, plan("c", "b"), 1));
  expect(crossing.workloads).toEqual([{ name: "c" }, 1]);
  const second = takeLists(crossing, first);
  expect(second.workloads[1]).toBe(first.workloads[1]);
  expect(second.workloads).toEqual(plan("c", "b").workloads);
});

test("where another plan is at hand than the last, or none, all of it crosses", () => {
  const sent = new SentPlan();
  sent.send(1, plan("a"), undefined);
  sent.send(2, plan("a"), 1);
  expect(sent.send(3, plan("a"), 1).workloads).toEqual([{ name: "a" }]);
  expect(sent.send(4, plan("a"), undefined).workloads).toEqual([{ name: "a" }]);
});
