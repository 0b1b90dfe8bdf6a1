import { expect, test } from "vitest";
import { makeRuntime } from "./runtime.ts";

test("print joins its operands with blanks, as OPA shows them", () => {
  const runtime = makeRuntime();
  runtime.call("internal.print", [
    '["allow", {{"user": {"name": "al\\"ice", "roles": {"b", "a"}}}}, set(), {1.50}, {"ü\\n"}]',
  ]);
  runtime.call("internal.print", ["[]"]);
  expect(runtime.printed).toEqual([
    'allow {"user": {"name": "al\\"ice", "roles": {"a", "b"}}} <undefined> 1.50 ü\n',
    "",
  ]);
});

test("a range that runs away spends its fuel", () => {
  const runtime = makeRuntime();
  expect(runtime.call("numbers.range", ["1", "1000000000"])).toMatch(/^! rm_(fuel|memory)/);
});
