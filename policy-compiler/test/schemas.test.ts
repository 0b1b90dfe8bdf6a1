/** Schemas give types: of annotations in every scope, of the whole input, and as OPA reads them. */
import { toDiagnosticRecord } from "@regomesh/base";
import { checkUnit } from "@regomesh/policy-compiler";
import { compileSchema } from "@regomesh/policy-runtime/json-schema";
import { expect, test } from "vitest";

const fields = (properties: object): object => ({ type: "object", properties });
const NODE = fields({ value: { type: "string" }, next: { $ref: "#/$defs/node" } });

const DOCUMENTS: Readonly<Record<string, unknown>> = {
  '["user"]': fields({
    name: { type: "string" },
    age: { type: "integer" },
    roles: { type: "array", items: { type: "string" } },
    any: {},
    maybe: { type: ["string", "null"] },
  }),
  '["acl","list"]': fields({ pair: { type: "array", items: [{ type: "string" }, { type: "number" }] } }),
  '["one of"]': { anyOf: [fields({ a: { type: "string" } }), fields({ b: { type: "number" } })] },
  '["both"]': { allOf: [fields({ a: { type: "string" } }), fields({ b: { type: "number" } })] },
  '["neither"]': { allOf: [{ type: "string" }, fields({ b: { type: "number" } })] },
  '["tree"]': { $ref: "#/$defs/node", $defs: { node: NODE } },
  '["remote"]': { $ref: "http://127.0.0.1:9/x.json" },
  '["wrong"]': { type: "strange" },
};

function check(texts: readonly string[], documents: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const modules = texts.map((text, i) => ({ name: `m${i}.rego`, text }));
  const given = documents === undefined ? undefined : new Map(Object.entries(documents));
  const schemas = { documents: given, compile: compileSchema };
  const found = checkUnit({ name: "", modules, data: {} }, { schemas }).map(toDiagnosticRecord);
  return found.map(({ file, row, message }) => `${texts.length > 1 ? `${file}:` : ""}${row}: ${message}`);
}

/** A rule in row 5, under an annotation. */
const rule = (use: string, body: string): string => `package p\n# METADATA\n# schemas:\n# - ${use}\nq if ${body}\n`;

const ROWS: Record<string, readonly [module: string, ...expected: string[]]> = {
  "a field that is not there": [rule("input: schema.user", "input.nam"), "5: undefined ref: input.nam"],
  "a field that is": [rule("input: schema.user", 'input.name == "x"')],
  "a value of another type": [
    rule("input: schema.user", 'input.age == "x"'),
    "5: match error: left is number, right is string",
  ],
  "items of another type": [
    rule("input: schema.user", "1 in input.roles"),
    "5: match error: left is number, right is string",
  ],
  "of several types the first counts, as in OPA": [
    rule("input: schema.user", "input.maybe == null"),
    "5: match error: left is string, right is null",
  ],
  "what a schema says nothing of": [rule("input: schema.user", "input.any.x == null")],
  "a part of input": [
    rule("input.u: schema.user", "{\n input.u.nam\n input.v.nam\n}"),
    "6: undefined ref: input.u.nam",
  ],
  "a base document, its schema in a folder, its items by place": [
    rule("data.acl: schema.acl.list", 'data.acl.pair[1] == "x"'),
    "5: match error: left is number, right is string",
  ],
  "any of two": [rule('input: schema["one of"]', "{\n input.a\n input.b\n input.c\n}"), "8: undefined ref: input.c"],
  "all of two": [
    rule("input: schema.both", '{\n input.a\n input.b == "x"\n}'),
    "7: match error: left is number, right is string",
  ],
  "all of two that nothing is": [
    rule("input: schema.neither", "input.a"),
    "5: type checking: unable to merge these schemas: type mismatch: string and object",
  ],
  "a schema that holds itself": [
    rule("input: schema.tree", "{\n input.next.next.next.value == 1\n input.next == input.next.next\n}"),
    "6: match error: left is string, right is number",
  ],
  "a schema that only refers to itself": [rule('input: {"$ref": "#"}', "{\n input.a == 1\n input.b.c\n}")],
  "schemas that only refer to one another": [
    rule(
      'input: {"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}}',
      "{\n input.a == 1\n count(input)\n}",
    ),
  ],
  "a schema of elsewhere is not fetched": [
    rule("input: schema.remote", "input.a"),
    "5: unable to compile the schema: Reference http://127.0.0.1:9/x.json is remote, and nothing is fetched",
  ],
  "what is no schema": [
    rule("input: schema.wrong", "input.a"),
    "5: unable to compile the schema: has a primitive type that is NOT VALID -- given: /strange/ Expected valid values are:[array boolean integer number null object string]",
  ],
  "a schema that there is not": [rule("input: schema.none", "input.a"), "5: undefined schema: schema.none"],
  "one in the annotation": [
    rule("input.x: {type: number}", '{\n input.x == "s"\n input.y == "s"\n}'),
    "6: match error: left is number, right is string",
  ],
  "a later one overrides a part of an earlier one": [
    rule(
      "input: schema.user\n# - input.name.first: {type: string}",
      "{\n input.name.first == 1\n input.age\n input.x\n}",
    ),
    "7: match error: left is string, right is number",
    "9: undefined ref: input.x",
  ],
  "with makes input what it is replaced by, too": [
    rule(
      "input: schema.user",
      '{\n input.age == "x" with input.age as "x"\n input.age == true with input.age as "x"\n}',
    ),
    "7: match error: left is any<number, string>, right is boolean",
  ],
  "types flow on into what reads the rule": [
    "package p\n# METADATA\n# schemas:\n# - input: schema.user\nname := input.name\nq if name == 1\n",
    "6: match error: left is string, right is number",
  ],
  "a reference to no schema": [rule("input: user", "true"), "2: invalid schema reference"],
  "a schema of no document": [rule('"input x": schema.user', "true"), "2: invalid document reference"],
  "neither a name nor a schema": [rule("input: 7", "true"), '2: invalid schema declaration for path "input"'],
};

test.each(Object.entries(ROWS))("a schema: %s", (_, [module, ...expected]) => {
  expect(check([module], DOCUMENTS)).toEqual(expected);
});

const SCOPES: Record<string, readonly [scope: string, ...expected: string[]]> = {
  rule: ["rule", "m0.rego:6: undefined ref: input.nam"],
  document: ["document", "m0.rego:6: undefined ref: input.nam", "m1.rego:2: undefined ref: input.nam"],
  package: [
    "package",
    "m0.rego:6: undefined ref: input.nam",
    "m1.rego:2: undefined ref: input.nam",
    "m1.rego:3: undefined ref: input.nam",
  ],
  "the packages below": [
    "subpackages",
    "m0.rego:6: undefined ref: input.nam",
    "m1.rego:2: undefined ref: input.nam",
    "m1.rego:3: undefined ref: input.nam",
    "m2.rego:2: undefined ref: input.nam",
  ],
};

test.each(Object.entries(SCOPES))("a schema's scope: %s", (_, [scope, ...expected]) => {
  const block = `# METADATA\n# scope: ${scope}\n# schemas:\n# - input: schema.user`;
  const isOfRule = scope === "rule" || scope === "document";
  const first = isOfRule ? `package p\n${block}\nq if input.nam` : `${block}\npackage p\nq if input.nam`;
  const texts = [
    first,
    "package p\nq if input.nam\nr if input.nam",
    "package p.below\nq if input.nam",
    "package pp\nq if input.nam",
  ];
  expect(check(texts, DOCUMENTS)).toEqual(expected);
});

test("a schema alone is that of input, and an annotation overrides it", () => {
  const text = `${rule("input: {type: object, properties: {z: {type: number}}}", "input.z")}r if input.z\n`;
  expect(check([text], { "[]": DOCUMENTS['["user"]'] })).toEqual(["6: undefined ref: input.z"]);
});

test("without schemas only those in annotations count", () => {
  expect(check([rule("input: schema.user", "input.nam")], undefined)).toEqual([]);
  expect(check([rule("input: {type: number}", "input.nam")], undefined)).toEqual(["5: undefined ref: input.nam"]);
});
