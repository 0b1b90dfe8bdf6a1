import { expect, test } from "vitest";
import { type OperatorOptions, SourceOperator } from "./operate.ts";

test("a rollback to digits with which several revisions begin changes nothing, and says which they are", async () => {
  const names = ["abcdef01", "abcdef02", "1234567"].map((name) => name.padEnd(40, "0"));
  const given = new Map(names.map((name) => [name, []]));
  const touched = new Proxy({}, { get: (_, name) => expect.unreachable(`${String(name)} was asked for`) });
  const operator = new SourceOperator({
    given: () => given,
    rollout: touched,
    composer: touched,
    sources: touched,
    inForce: () => [],
    clock: { nowMs: () => 0, sleep: async () => {} },
  } as unknown as OperatorOptions);
  expect(await operator.rollback("abcdef0")).toEqual({
    error: `2 revisions begin with abcdef0: ${names[0]}, ${names[1]}`,
    status: 409,
  });
});

test("a commit of one source among several is no revision, and whoever names it is told which was made of it", async () => {
  const made = (root: string, shop: string) =>
    [
      ["root", root],
      ["shop", shop],
    ].map(([source, id]) => ({ source, id, label: "", path: "" }));
  const given = new Map([
    ["1111111aaaa", made("a1", "c0ffee1")],
    ["2222222bbbb", made("a2", "c0ffee1")],
    ["3333333cccc", made("a2", "c0ffee2")],
  ]);
  const options = { given: () => given, inForce: () => [], sources: { root: {} } };
  const operator = new SourceOperator(options as unknown as OperatorOptions);
  expect(await operator.rollback("c0ffee1")).toEqual({
    error: "c0ffee1 is a commit of source shop alone; 2222222 is the last revision that it was in force in",
    status: 404,
  });
  expect(await operator.rollback("dead")).toEqual({ error: "there is no revision or commit dead here", status: 404 });
});
