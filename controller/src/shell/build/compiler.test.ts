import { expect, test } from "vitest";
import { loadTools } from "./compiler.ts";

test("tests that take too long are told of their own unit, and others wait for them no longer", async () => {
  const tools = await loadTools({ testsCpuMs: 300 });
  const slow =
    "slow(x) if {\n\tsome i in numbers.range(1, 100000)\n\tsum([j | some j in numbers.range(1, 5); j > i]) == x + 10000000\n}";
  const all = Array.from({ length: 100 }, (_, at) => `test_${at} if not slow(${at})`);
  const files = [
    { name: "slow/a.rego", text: "package a\n\nx := 1\n" },
    { name: "slow/a_test.rego", text: ["package a_test", slow, ...all, ""].join("\n\n") },
  ];
  const { passed, failed } = tools.test({ name: "slow", directory: "slow", files });
  expect(passed + failed.length).toBe(100);
  expect(failed.at(-1)).toMatchObject({
    file: "slow/a_test.rego",
    message: "the tests before it took the 0.3 s that a unit's may",
  });
});
