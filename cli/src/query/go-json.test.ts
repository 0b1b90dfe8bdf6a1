import { expect, test } from "vitest";
import { printGoJson } from "./go-json.ts";
import { printResults } from "./results.ts";

test("keys of values stand in the order of their bytes, those of what is around them as they were", () => {
  const value = { 9: 1, 10: { "\u{1f600}": 1, "\ufb00": 2, b: 3, a: 4 } };
  const results = [{ expressions: [{ value, text: "x", location: { row: 1, col: 2 } }], bindings: { y: 1, 2: 1 } }];
  const json = printResults(results, "json");
  expect(json.replace(/\s/g, "")).toBe(
    '{"result":[{"expressions":[{"value":{"10":{"a":4,"b":3,"\ufb00":2,"\u{1f600}":1},"9":1},"text":"x",' +
      '"location":{"row":1,"col":2}}],"bindings":{"2":1,"y":1}}]}',
  );
  expect(printResults(results, "raw")).toBe('{"10":{"a":4,"b":3,"\ufb00":2,"\u{1f600}":1},"9":1}\n');
});

test("what HTML would read is escaped, and is not where people read it", () => {
  const value = ["<a> & b\u2028", {}, [], { "<": [1] }];
  expect(printGoJson(value, { escapes: true })).toBe('["\\u003ca\\u003e \\u0026 b\\u2028",{},[],{"\\u003c":[1]}]');
  expect(printGoJson(value, { indent: "  ", escapes: false })).toBe(JSON.stringify(value, undefined, 2));
});
