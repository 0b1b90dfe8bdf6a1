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
