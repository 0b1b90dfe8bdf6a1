import { expect, test } from "vitest";
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
