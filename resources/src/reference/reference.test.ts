/** The reference says what is read: of every kind, every field, in an example without a fault. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseResources } from "../parse.ts";
import { KINDS, type Kind } from "../resource.ts";
import { printJsonSchema } from "../schema/json-schema.ts";
import { EXAMPLES } from "./example.ts";
import { listFields } from "./field.ts";
import { printDocument } from "./print-document.ts";
import { printReference, printReferenceText } from "./print-reference.ts";

const kinds = Object.keys(KINDS) as Kind[];

describe.each(kinds)("%s", (kind) => {
  test("its example is read without a fault", () => {
    const { resources, diagnostics } = parseResources({ name: "example.yaml", text: EXAMPLES[kind] });
    expect([resources.map((resource) => resource.kind), diagnostics]).toEqual([[kind], []]);
  });

  test("every field has a row with a meaning", () => {
    const fields = listFields(printJsonSchema(KINDS[kind]), "");
    expect(fields.filter(({ meaning }) => meaning === "")).toEqual([]);
    const reference = printReference(kind);
    const inner = fields.filter(({ path }) => /^(metadata|spec)\./.test(path));
    expect(inner.length).toBeGreaterThan(4);
    expect(inner.filter(({ path }) => !reference.includes(`| \`${path}\``))).toEqual([]);
  });

  test.each([60, 80, 130])("in a terminal of %i columns only a word or the example is wider", (columns) => {
    const lines = printReferenceText(kind, columns).split("\n");
    const example = EXAMPLES[kind].trim().split("\n");
    const wide = lines.filter((line) => line.length > columns && line.trim().includes(" "));
    expect(wide.filter((line) => !example.includes(line.slice(4)))).toEqual([]);
  });
});

test("what a field may be is said as people say it", () => {
  const schema = {
    properties: {
      at: { type: "string", title: "a DNS label (of letters)", description: "where" },
      many: { type: "array", maxItems: 3, default: [], items: { enum: ["A", "B"] }, description: "which" },
      parts: {
        type: "array",
        maxItems: 2,
        description: "of it",
        items: {
          anyOf: [
            { type: "string" },
            { type: "object", required: ["n"], properties: { n: { type: "integer", minimum: 1, maximum: 9 } } },
          ],
        },
      },
    },
    required: ["at"],
  };
  expect(listFields(schema, "spec")).toEqual([
    { path: "spec.at", type: "a DNS label", preset: "required", meaning: "where" },
    { path: "spec.many", type: "list of A | B, at most 3", preset: "[]", meaning: "which" },
    { path: "spec.parts", type: "list of text, or object, at most 2", preset: "—", meaning: "of it" },
    { path: "spec.parts[].n", type: "whole number 1–9", preset: "required", meaning: "" },
  ]);
});

test("docs/resources.md is what npm run generate writes", () => {
  const file = join(resolve(import.meta.dirname, "../../.."), "docs/resources.md");
  expect(readFileSync(file, "utf8")).toBe(printDocument());
});
