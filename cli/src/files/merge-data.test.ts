import { parseJson } from "@regomesh/policy-compiler";
import { expect, test } from "vitest";
import { mergeData } from "./merge-data.ts";

const merge = (...texts: readonly string[]): string =>
  JSON.stringify(
    texts.map((text) => parseJson(text) as object).reduce((a, b) => mergeData(a as never, b as never, "data")),
  );

test.each([
  [['{"a": {"b": 1}}', '{"a": {"c": 2}, "d": 3}'], '{"a":{"b":1,"c":2},"d":3}'],
  [['{"n": 123456789012345678901}', '{"n": 123456789012345678901}'], '{"n":123456789012345678901}'],
  [
    ["{}", '{"constructor": 1, "__proto__": {"a": 1}}', '{"__proto__": {"b": 2}}'],
    '{"constructor":1,"__proto__":{"a":1,"b":2}}',
  ],
])("%j are one document", (texts, merged) => {
  expect(merge(...texts)).toBe(merged);
});

test("a place that has two values is refused", () => {
  expect(() => merge('{"a": {"b": 1}}', '{"a": {"b": 2}}')).toThrow("data.a.b comes from two of the paths");
});
