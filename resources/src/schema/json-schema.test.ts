import { describe, expect, test } from "vitest";
import { KINDS } from "../resource.ts";
import { type JsonSchema, printJsonSchema } from "./json-schema.ts";

type Fields = Readonly<Record<string, JsonSchema & { readonly properties?: Fields; readonly items?: JsonSchema }>>;

/** Every field below a schema, by path. */
function fieldsOf(properties: Fields, path = ""): readonly (readonly [string, JsonSchema])[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const at = `${path}${name}`;
    const below = (schema.items as { readonly properties?: Fields } | undefined)?.properties ?? {};
    return [[at, schema] as const, ...fieldsOf(schema.properties ?? {}, `${at}.`), ...fieldsOf(below, `${at}[].`)];
  });
}

describe.each(Object.entries(KINDS))("the JSON Schema of %s", (_, kind) => {
  const { properties } = printJsonSchema(kind) as { readonly properties: Fields };
  const fields = fieldsOf(properties);

  test("describes every field", () => {
    expect(fields.filter(([, schema]) => schema["description"] === undefined).map(([path]) => path)).toEqual([]);
  });

  test("names what CRDs cannot take nowhere", () => {
    const text = JSON.stringify(properties);
    expect(text).not.toMatch(/"\$ref"|"\(\?[!=<]|"const"/);
  });
});

test("defaults are what a user would write, with their type", () => {
  const { properties } = printJsonSchema(KINDS.TrafficPolicy) as { readonly properties: Fields };
  const timeouts = properties["spec"]?.properties?.["timeouts"];
  expect(timeouts).toMatchObject({
    type: "object",
    default: {},
    properties: { connect: { type: "string", pattern: "^([0-9]{1,5}(h|m|s|ms)){1,4}$", default: "5s" } },
  });
});

test("an entrypoint is a text or an object", () => {
  const { properties } = printJsonSchema(KINDS.PolicyBinding) as { readonly properties: Fields };
  expect(properties["spec"]?.properties?.["entrypoints"]).toMatchObject({
    type: "array",
    maxItems: 16,
    items: { anyOf: [{ type: "string" }, { type: "object", required: ["name"] }] },
  });
});
