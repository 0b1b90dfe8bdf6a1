/**
 * Random patterns of the common subset, against JavaScript's engine: whether there is a match,
 * and the first one. What may match the empty text is not repeated: JavaScript goes on to
 * another alternative there, Go does not.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeRuntime } from "./runtime.ts";

const { pattern } = fc.letrec<{ pattern: string; sequence: string; repeated: string; atom: string }>((tie) => ({
  pattern: fc.array(tie("sequence"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("|")),
  sequence: fc.array(tie("repeated"), { maxLength: 3 }).map((parts) => parts.join("")),
  repeated: fc.oneof(
    fc.constantFrom("^", "$", "\\b", "\\B"),
    tie("atom"),
    fc
      .tuple(tie("atom"), fc.constantFrom("*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}"))
      .map(([atom, times]) =>
        new RegExp(`^(?:${atom})$`, "mu").test("") || /(?<!\[)\^|\$|\\[bB]/.test(atom) ? atom : atom + times,
      ),
  ),
  atom: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("a", "b", "c", "é", ".", "[ab]", "[^a]", "\\d", "\\w", "\\W", "[a-cé]"),
    tie("pattern").map((inner) => `(${inner})`),
    tie("pattern").map((inner) => `(?:${inner})`),
  ),
}));
const subject = fc
  .array(fc.constantFrom("a", "b", "c", "é", "A", "1", " "), { maxLength: 8 })
  .map((parts) => parts.join(""));

test("matches are those of JavaScript's engine where both have the syntax", () => {
  const runtime = makeRuntime();
  const start = runtime.exports["opa_heap_ptr_get"]?.() ?? 0;
  let matched = 0;
  fc.assert(
    fc.property(pattern, subject, fc.boolean(), (source, text, isFolded) => {
      runtime.exports["opa_heap_ptr_set"]?.(start);
      const found = new RegExp(source, isFolded ? "ui" : "u").exec(text);
      const own = [JSON.stringify((isFolded ? "(?i)" : "") + source), JSON.stringify(text)];
      const wanted = JSON.stringify(found === null ? [] : [found[0]]);
      expect(runtime.call("regex.find_n", [...own, "1"], { strict: true })).toBe(wanted);
      expect(runtime.call("regex.match", own, { strict: true })).toBe(String(found !== null));
      if (found !== null) matched++;
    }),
    { numRuns: 3000 },
  );
  expect(matched).toBeGreaterThan(500);
});
