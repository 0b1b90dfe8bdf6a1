/** Whatever resources the schemas take: a build ends with a verdict, and what it takes every proxy would. */
import { type JsonSchema, KINDS, type Kind, printJsonSchema } from "@regomesh/resources";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeTools } from "../../test/make-tools.ts";
import { checkRelease, type Release } from "../distribution/release.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { build } from "./build.ts";

const RUNS = 300;
/** So few that what names something often names something that is there. */
const NAMES = [
  "web",
  "orders",
  "default",
  "shop",
  "v1",
  "http",
  "10s",
  "1m",
  "regomesh-system",
  "authz",
  "/",
  "x-user",
];
const LONG_NAMES = ["mesh/authz/allow", "a.rego", "a_test.rego", "https://git.example.org/a"];
const ITEMS_MAX = 3;

/** What is read here of OpenAPI's dialect. */
type Node = {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Node;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | boolean;
};

function anyValue(node: Node): fc.Arbitrary<unknown> {
  if (node.enum !== undefined) return fc.constantFrom(...node.enum);
  const choices = node.anyOf ?? node.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map(anyValue));
  const { minimum: min = 0, maximum: max = 100, minItems: minLength = 0 } = node;
  switch (node.type) {
    case "string":
      return anyText(node);
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.oneof(fc.integer({ min, max: Math.min(max, 2 ** 31 - 1) }), fc.constantFrom(min, max));
    case "number":
      return fc.double({ min, max, noNaN: true });
    case "array":
      return fc.array(anyValue(node.items ?? {}), { minLength, maxLength: Math.max(ITEMS_MAX, minLength) });
    case "object":
      return anyObject(node);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function anyObject({ properties = {}, required = [], additionalProperties }: Node): fc.Arbitrary<object> {
  const fields = Object.entries(properties).map(([name, each]) => [name, anyValue(each)] as const);
  const own = fc.record(Object.fromEntries(fields), { requiredKeys: [...required] });
  if (typeof additionalProperties !== "object") return own;
  const more = fc.dictionary(anyText({}), anyValue(additionalProperties), { maxKeys: ITEMS_MAX });
  return fc.tuple(more, own).map(([free, known]) => ({ ...free, ...known }));
}

function anyText({ pattern, maxLength = 64 }: Node): fc.Arbitrary<string> {
  const isOne = (text: string) =>
    text.length <= maxLength && (pattern === undefined || new RegExp(pattern, "u").test(text));
  const known = [...NAMES, ...LONG_NAMES].filter(isOne);
  const any =
    pattern === undefined
      ? fc.string({ maxLength: Math.min(maxLength, 12) })
      : fc.stringMatching(new RegExp(pattern), { size: "xsmall" }).filter(isOne);
  if (known.length === 0) return any;
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: any });
}

const API_VERSION = "regomesh.dev/v1alpha1";
const NAMESPACES = ["default", "shop", "regomesh-system"];
const WORKLOADS = ["web", "orders"];

const anyResource = fc.oneof(
  ...(Object.keys(KINDS) as Kind[]).map((kind) => {
    const { properties } = printJsonSchema(KINDS[kind]) as JsonSchema & {
      readonly properties: { readonly spec: Node };
    };
    const metadata = fc.record({
      name: fc.constantFrom(...WORKLOADS, "v1"),
      ...(kind === "MeshConfig" ? {} : { namespace: fc.constantFrom(...NAMESPACES) }),
    });
    return fc.record({
      apiVersion: fc.constant(API_VERSION),
      kind: fc.constant(kind as string),
      metadata: metadata as fc.Arbitrary<{ readonly name: string; readonly namespace?: string }>,
      spec: anyValue(properties.spec),
    });
  }),
);

/** A mesh that builds. */
const BASE = NAMESPACES.flatMap((namespace) =>
  WORKLOADS.flatMap((name) => [
    { kind: "MeshService", metadata: { name, namespace }, spec: { ports: [{ port: 80 }] } },
    { kind: "Workload", metadata: { name, namespace }, spec: { service: name } },
  ]),
).map((each) => ({ apiVersion: API_VERSION, ...each }));

type Named = { readonly kind: string; readonly metadata: { readonly name: string; readonly namespace?: string } };
const keyOf = ({ kind, metadata }: Named) => `${kind} ${metadata.namespace} ${metadata.name}`;

const tools = makeTools();
const REGO = { name: "authz/a.rego", text: "package mesh.authz\n\nallow := true\n" };

function buildOf(resources: readonly Named[]) {
  const text = resources.map((each) => JSON.stringify(each)).join("\n---\n");
  return build(
    [{ source: "root", path: "", files: [{ name: "mesh.yaml", text }, REGO] }],
    { rights: ALL_RIGHTS },
    tools,
  );
}

test("a build ends with a verdict, and every proxy takes what it takes", () => {
  expect(buildOf(BASE).plan).toBeDefined();
  fc.assert(
    fc.property(anyResource, (resource) => {
      const others = BASE.filter((each) => keyOf(each) !== keyOf(resource));
      const { plan, diagnostics, failedTests } = buildOf([...others, resource]);
      if (plan === undefined) {
        expect(failedTests.length > 0 || diagnostics.some(({ severity }) => severity === "error")).toBe(true);
        return;
      }
      const hash = "a".repeat(40);
      const release: Release = {
        revision: { epoch: "e", sequence: 1, name: hash, commit: { hash, author: "", subject: "", committedAtMs: 0 } },
        plan,
        source: "root",
        inputs: [],
        builtAtMs: 0,
        issuedAtMs: 0,
        explainDenials: false,
        warnings: [],
      };
      expect(checkRelease(release)).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});
