import { expect, test } from "vitest";
import { matchSchema, type SchemaFault, verifySchema } from "./json-schema.ts";

const errorsOf = (document: unknown, schema: unknown): readonly string[] => {
  const [isValid, faults] = matchSchema({ value: document }, { properties: { value: schema } }) as [
    boolean,
    SchemaFault[],
  ];
  expect(isValid).toBe(faults.length === 0);
  return faults.map(({ error }) => error);
};

const rows: readonly (readonly [document: unknown, schema: unknown, errors: readonly string[]])[] = [
  [1, { type: "integer" }, []],
  [1.0, { type: "integer" }, []],
  [1.5, { type: "integer" }, ["value: Invalid type. Expected: integer, given: number"]],
  ["x", { type: ["null", "string"] }, []],
  [{}, { required: ["id"] }, ["value: id is required"]],
  [
    { a: 1, b: 2 },
    { properties: { a: {} }, additionalProperties: false },
    ["value: Additional property b is not allowed"],
  ],
  [{ a: 1 }, { additionalProperties: { type: "string" } }, ["value.a: Invalid type. Expected: string, given: integer"]],
  [{ a: 1 }, { dependencies: { a: ["b"] } }, ["value: Has a dependency on b"]],
  ["d", { enum: ["a", "b"] }, ['value: value must be one of the following: "a", "b"']],
  [{ b: 1, a: [2] }, { const: { a: [2], b: 1 } }, []],
  ["abc", { maxLength: 2 }, ["value: String length must be less than or equal to 2"]],
  ["日本", { maxLength: 2 }, []],
  [5, { exclusiveMinimum: 5 }, ["value: Must be greater than 5"]],
  [0.3, { multipleOf: 0.1 }, []],
  [[1, 1], { uniqueItems: true }, ["value: array items[0,1] must be unique"]],
  [[1, "a"], { items: [{}, { type: "string" }], additionalItems: false }, []],
  [["a"], { items: { type: "integer" } }, ["value.0: Invalid type. Expected: integer, given: string"]],
  [[1], { contains: { type: "string" } }, ["value: At least one of the items must match"]],
  [1, { anyOf: [{ type: "string" }, { minimum: 2 }] }, ["value: Must validate at least one schema (anyOf)"]],
  [1, { oneOf: [{ minimum: 0 }, { minimum: 1 }] }, ["value: Must validate one and only one schema (oneOf)"]],
  [1, { not: { type: "integer" } }, ["value: Must not validate the schema (not)"]],
  [1, false, ["value: False always fails validation"]],
];

for (const [document, schema, errors] of rows) {
  test(`${JSON.stringify(document)} under ${JSON.stringify(schema)}`, () => {
    expect(errorsOf(document, schema)).toEqual(errors);
  });
}

test("references within the schema are followed, endless ones are cut", () => {
  const tree = { properties: { next: { $ref: "#" }, id: { type: "integer" } } };
  expect(matchSchema({ next: { next: { id: "x" } } }, tree)).toMatchObject([false, [{ field: "next.next.id" }]]);
  expect(() => matchSchema({}, { $ref: "#" })).toThrow("too many steps");
  expect(() => matchSchema({}, { $ref: "http://example.com/a" })).toThrow("only #/");
});

test("a faulty schema is told apart from a document that does not match", () => {
  const words =
    "has a primitive type that is NOT VALID -- given: /x/ Expected valid values are:[array boolean integer number null object string]";
  expect(verifySchema('{"type": "x"}')).toEqual([false, `jsonschema: ${words}`]);
  expect(verifySchema({ type: "object" })).toEqual([true, null]);
  expect(() => matchSchema("{}", { type: "x" })).toThrow(words);
  expect(() => matchSchema({}, { pattern: "^a" })).toThrow("schema keyword pattern is not supported");
  expect(() => matchSchema({}, 1)).toThrow("operand 2 must be one of {string, object} but got number");
});
