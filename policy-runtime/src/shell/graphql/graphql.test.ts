import { expect, test } from "vitest";
import { graphqlBuiltins } from "./builtins.ts";

const builtins = graphqlBuiltins();
const ask = (name: string, ...operands: unknown[]): unknown =>
  (builtins[`graphql.${name}`] as (...operands: unknown[]) => unknown)(...operands);

const SCHEMA = "type Query { user(id: ID!): User } type User { id: ID! name: String friends: [User!] }";

const field = (name: string, more: object = {}) => ({ Alias: name, Name: name, ...more });

test("a query's tree has comments where gqlparser keeps them", () => {
  const text = "# c1\nquery q { # c2\n a # c3\n ...F ... # c4\n on X { b } }";
  const kept = (...lines: string[]) => ({ Comment: { List: lines.map((Value) => ({ Value })) } });
  expect(ask("parse_query", text)).toEqual({
    Operations: [
      {
        Operation: "query",
        Name: "q",
        SelectionSet: [
          field("a", kept("# c2")),
          { Name: "F", ...kept("# c3") },
          { TypeCondition: "X", SelectionSet: [field("b")] },
        ],
        ...kept("# c1"),
      },
    ],
  });
});

const faults: Record<string, readonly [builtin: string, operands: readonly unknown[], message: string]> = {
  "a document that ends early": [
    "parse_query",
    ["{ a"],
    "Expected Name, found <EOF> in GraphQL string at location 1:4",
  ],
  "an empty selection": [
    "parse_query",
    ["{}"],
    "expected at least one definition, found } in GraphQL string at location 1:2",
  ],
  "a schema where a query should be": [
    "parse_query",
    [SCHEMA],
    'Unexpected Name "type" in GraphQL string at location 1:1',
  ],
  "a field that is not there": [
    "parse",
    ["{\n  nobody }", SCHEMA],
    'Cannot query field "nobody" on type "Query" in GraphQL string at location 2:3',
  ],
  "an operation without a root": [
    "parse",
    ["mutation { a }", SCHEMA],
    'Schema does not support operation type "mutation" in GraphQL string at location 1:1',
  ],
  "a type that nobody defines": [
    "parse",
    ["{ a }", "type Query { a: Nobody }"],
    "Error in gqlparser SchemaDocument to Schema conversion: input:1:17: Undefined type Nobody.",
  ],
  "a tree of another kind": ["parse", [{ Operations: 1 }, SCHEMA], "it is no array"],
  "nesting without an end": ["parse_query", ["{a".repeat(10_000)], "more than 500 levels deep"],
};

test.each(Object.entries(faults))("refuses %s", (_, [builtin, operands, message]) => {
  expect(() => ask(builtin, ...operands)).toThrow(message);
});

test("trees stand for the texts that they were made from; a spread read back is a field, as in OPA", () => {
  const tree = (text: string) => ask("parse_query", text);
  const schema = ask("parse_schema", SCHEMA);
  expect(ask("is_valid", tree("{ user(id: 1) { friends { name } } }"), schema)).toBe(true);
  expect(ask("is_valid", "{ user(id: 1) { ...F } } fragment F on User { name }", schema)).toBe(true);
  expect(ask("is_valid", tree("{ user(id: 1) { ...F } } fragment F on User { name }"), schema)).toBe(false);
  expect(ask("parse_and_verify", "{ user }", schema)).toEqual([false, {}, {}]);
});

const schemas: Record<string, readonly [text: string, isValid: boolean]> = {
  "an extension of nothing": ["extend type T { a: Int } type Query { t: T }", true],
  "no root at all": ["type T { a: Int }", true],
  "a directive on another place": ["type Query @skip(if: true) { a: Int }", false],
  "a directive of the language defined anew": ["directive @skip on OBJECT type Query @skip { a: Int }", true],
  "an input that holds itself": ["input A { b: B! } input B { a: A! } type Query { q: Int }", false],
  "an input that may hold itself": ["input A { b: B! } input B { a: A } type Query { q: Int }", true],
  "an interface's field of another type": ["interface I { a: Int } type Query implements I { a: String }", false],
  "an interface's field of a narrower type": ["interface I { a: Int } type Query implements I { a: Int! }", true],
};

test.each(Object.entries(schemas))("a schema with %s", (_, [text, isValid]) => {
  expect(ask("schema_is_valid", text)).toBe(isValid);
  expect(ask("is_valid", "{ __typename }", text)).toBe(isValid && text.includes("type Query"));
});
