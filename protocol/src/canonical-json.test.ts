import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

/** By its definition, as JSON itself writes what is in it. */
function byDefinition(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(byDefinition).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${byDefinition(field)}`).join(",")}}`;
}

test("whatever a value holds, its text is by the definition, and is read as that value", () => {
  const value = fc.jsonValue({ stringUnit: "binary", maxDepth: 3 });
  fc.assert(
    fc.property(value, (each) => {
      const text = canonicalJson(each);
      expect(text).toBe(byDefinition(each));
      expect(JSON.stringify(JSON.parse(text)).length).toBe(JSON.stringify(each).length);
    }),
    { numRuns: 50 },
  );
});

test("every character alone is written as JSON writes it, as a text and as a key", () => {
  for (let code = 0; code < 0x300; code++) {
    const text = String.fromCharCode(code);
    expect(canonicalJson({ [text]: text })).toBe(JSON.stringify({ [text]: text }));
  }
  const lone = String.fromCharCode(0xd800);
  expect(canonicalJson([lone, `a${lone}`])).toBe(JSON.stringify([lone, `a${lone}`]));
});

test("keys are in the order of their code units, numbers too; what is absent is left out", () => {
  const rows: readonly (readonly [unknown, string])[] = [
    [{ b: 1, a: 2 }, '{"a":2,"b":1}'],
    [{ 9: 1, 10: 2 }, '{"10":2,"9":1}'],
    [{ a: undefined, b: [undefined, null] }, '{"b":[null,null]}'],
    [{ "": {} }, '{"":{}}'],
  ];
  for (const [value, text] of rows) expect(canonicalJson(value)).toBe(text);
});
