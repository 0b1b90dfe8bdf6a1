import { expect, test } from "vitest";
import { printGoJson } from "./go-json.ts";

test("what HTML would read is escaped, and is not where people read it", () => {
  const value = ["<a> & b\u2028", {}, [], { "<": [1] }];
  expect(printGoJson(value)).toBe('["\\u003ca\\u003e \\u0026 b\\u2028",{},[],{"\\u003c":[1]}]');
  expect(printGoJson(value, { indent: "  ", escapes: false })).toBe(JSON.stringify(value, undefined, 2));
});
