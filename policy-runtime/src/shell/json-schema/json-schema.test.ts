import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseJsonExact } from "../../exact-json.ts";
import { makeMatchSchema, verifySchema } from "./json-schema.ts";
import type { SchemaFault } from "./validate.ts";

const matchSchema = makeMatchSchema();

const faultsOf = (document: unknown, schema: unknown): readonly string[] => {
  const [isValid, faults] = matchSchema({ value: document }, { properties: { value: schema } }) as [
    boolean,
    SchemaFault[],
  ];
  expect(isValid).toBe(faults.length === 0);
  return faults.map(({ error }) => error);
};

/** Told as OPA tells them, in its order. */
const rows: readonly (readonly [document: string, schema: string, errors: readonly string[]])[] = [
  ["1.0", '{"type": "integer"}', []],
  ["1.5", '{"type": "integer"}', ["value: Invalid type. Expected: integer, given: number"]],
  ["1", '{"type": ["null", "string"]}', ["value: Invalid type. Expected: [null,string], given: integer"]],
  ["{}", '{"required": ["id"]}', ["value: id is required"]],
  ['{"b": 2}', '{"additionalProperties": false}', ["value: Additional property b is not allowed"]],
  ['{"a": 1}', '{"dependencies": {"a": ["b"]}}', ["value: Has a dependency on b"]],
  ['"<"', '{"enum": ["&", 1.0]}', ['value: value must be one of the following: "\\u0026", 1']],
  ['{"b": 1, "a": [2]}', '{"const": {"a": [2.0], "b": 1}}', []],
  ['"日本"', '{"maxLength": 2}', []],
  ['"xa"', '{"pattern": "^a"}', ["value: Does not match pattern '^a'"]],
  [
    '{"xa": 1}',
    '{"patternProperties": {"^x": {"type": "string"}}}',
    ["value.xa: Invalid type. Expected: string, given: integer"],
  ],
  ['"nobody"', '{"format": "email"}', ["value: Does not match format 'email'"]],
  ["9007199254740993", '{"maximum": 9007199254740992}', ["value: Must be less than or equal to 9.007199254740992e+15"]],
  ["0.3", '{"multipleOf": 0.1}', []],
  ["0.35", '{"multipleOf": 0.1}', ["value: Must be a multiple of 0.1"]],
  ["[1, 1.0]", '{"uniqueItems": true}', ["value: array items[0,1] must be unique"]],
  [
    "[1]",
    '{"contains": {"type": "string"}}',
    ["value: At least one of the items must match", "value.0: Invalid type. Expected: string, given: integer"],
  ],
  [
    "1",
    '{"anyOf": [{"type": "string"}, {"minimum": 2}]}',
    ["value: Must validate at least one schema (anyOf)", "value: Must be greater than or equal to 2"],
  ],
  ["1", '{"oneOf": [{"minimum": 0}, {"minimum": 1}]}', ["value: Must validate one and only one schema (oneOf)"]],
  ["1", '{"not": {"type": "integer"}}', ["value: Must not validate the schema (not)"]],
  ["1", "false", ["value: False always fails validation"]],
];

test.each(rows)("%s under %s", (document, schema, errors) => {
  expect(faultsOf(parseJsonExact(document), parseJsonExact(schema))).toEqual(errors);
});

type Probe = { readonly schema: unknown; readonly document: unknown; readonly want: readonly string[] | null };

/** Schemas and documents made at random, and each format with what it is lax or strict about, answered by OPA. */
const probes = parseJsonExact(
  readFileSync(join(import.meta.dirname, "../../../test/schemas/matches.json"), "utf8"),
) as readonly Probe[];

test.each(probes.map((probe, i) => [i, probe] as const))("match %d is to us what it is to OPA", (_, probe) => {
  const ask = () => matchSchema(probe.document, probe.schema) as [boolean, readonly SchemaFault[]];
  if (probe.want === null) expect(ask).toThrow();
  else {
    const [isValid, faults] = ask();
    expect(isValid).toBe(probe.want.length === 0);
    expect(faults.map(({ error }) => error).sort()).toEqual(probe.want);
  }
});

test("a fault of the document itself is at (Root)", () => {
  const desc = "Invalid type. Expected: object, given: array";
  expect(matchSchema("[]", { type: "object" })).toEqual([
    false,
    [{ error: `(Root): ${desc}`, type: "invalid_type", field: "(Root)", desc }],
  ]);
});

test("references are followed within the schema and to the drafts, never out of it", () => {
  const tree = { properties: { next: { $ref: "#" }, id: { type: "integer" } } };
  expect(matchSchema({ next: { next: { id: "x" } } }, tree)).toMatchObject([false, [{ field: "next.next.id" }]]);
  const named = { definitions: { n: { $id: "#name", type: "integer" } }, items: { $ref: "#name" } };
  expect(matchSchema(["x"], named)).toMatchObject([false, [{ field: "0" }]]);
  const meta = { $ref: "http://json-schema.org/draft-07/schema#" };
  expect(matchSchema({ type: "nothing" }, meta)).toMatchObject([false, [{ field: "type" }, {}]]);
  expect(() => matchSchema({}, { $ref: "http://example.com/a" })).toThrow("nothing is fetched");
  expect(() => matchSchema({}, { $ref: "file:///etc/passwd" })).toThrow("nothing is fetched");
});

test("what would take for ever is cut", () => {
  expect(() => matchSchema({}, { $ref: "#" })).toThrow("too deep");
  const doubling = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`d${i}`, { anyOf: Array(2).fill({ $ref: `#/definitions/d${i + 1}` }) }]),
  );
  const schema = { definitions: { ...doubling, d40: false }, $ref: "#/definitions/d0" };
  expect(() => matchSchema({}, schema)).toThrow("too many steps");
  const letters = "a".repeat(100_000);
  expect(matchSchema([letters], { items: { pattern: "^(a*)*b$" } })).toMatchObject([false, [{ type: "pattern" }]]);
  expect(() => matchSchema("[1e999999999]", { items: { multipleOf: 2 } })).toThrow("too large an exponent");
});

const schemas: Readonly<Record<string, readonly [schema: unknown, problem: string | null]>> = {
  "an object": [{ type: "object" }, null],
  "a text": ['{"type": "object"}', null],
  "a boolean as text": ["true", null],
  "a type that is none": [
    '{"type": "x"}',
    "has a primitive type that is NOT VALID -- given: /x/ Expected valid values are:[array boolean integer number null object string]",
  ],
  "a type twice": [{ type: ["string", "string"] }, "string type is duplicated"],
  "a pattern that is none": [{ pattern: "(?!a)" }, "pattern must be a valid regex"],
  "a bound of draft 4 without its number": [
    { exclusiveMinimum: true },
    "exclusiveMinimum cannot be used without minimum",
  ],
  "an array": [[], "schema is invalid"],
  "a number": [1, "wrong type, expected string or object"],
  "a text that is no JSON": ["{", "invalid JSON string"],
  "a reference to nothing": [{ $ref: "#/definitions/a" }, "Object has no key 'definitions'"],
};

for (const [name, [schema, problem]] of Object.entries(schemas)) {
  test(`verify_schema: ${name}`, () => {
    expect(verifySchema(schema)).toEqual(problem === null ? [true, null] : [false, `jsonschema: ${problem}`]);
  });
}
