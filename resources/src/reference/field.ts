/**
 * The fields of a schema as rows: path, type, default, meaning. Made from the JSON Schema
 * that editors get, so that no reference says other than what is read.
 */
import type { JsonSchema } from "../schema/json-schema.ts";

export type Field = {
  /** As faults name it: `spec.ports[].name`. */
  readonly path: string;
  /** Such as `whole number 1–65535` or `Strict | Edge`. */
  readonly type: string;
  /** What a user would write; "required" where absence is a fault; "—" where absence has its own meaning. */
  readonly preset: string;
  readonly meaning: string;
};

type Node = JsonSchema & {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | boolean;
};

/** Every field below an object schema, parents before children, in the order in which they are declared. */
export function listFields(schema: JsonSchema, path: string): readonly Field[] {
  const { properties = {}, required = [] } = schema as Node;
  return Object.entries(properties).flatMap(([name, node]) => {
    const at = path === "" ? name : `${path}.${name}`;
    const own: Field = {
      path: at,
      type: typeOf(node),
      preset: presetOf(node, required.includes(name)),
      meaning: node.description ?? "",
    };
    return [own, ...listFields(node, at), ...membersOf(node).flatMap((member) => listFields(member, `${at}[]`))];
  });
}

/** The object forms of a list's members. */
function membersOf({ items }: Node): readonly Node[] {
  return (items?.anyOf ?? (items === undefined ? [] : [items])).filter(({ properties }) => properties !== undefined);
}

function presetOf(node: Node, isRequired: boolean): string {
  if (isRequired) return "required";
  if (node.default === undefined) return "—";
  return typeof node.default === "string" ? node.default : JSON.stringify(node.default);
}

function typeOf(node: Node): string {
  if (node.anyOf !== undefined) return node.anyOf.map(typeOf).join(", or ");
  if (node.enum !== undefined) return node.enum.join(" | ");
  switch (node.type) {
    case "integer":
      return `whole number ${node.minimum}–${node.maximum}`;
    case "array":
      return `list of ${node.items === undefined ? "values" : typeOf(node.items)}, at most ${node.maxItems}`;
    case "object":
      return node.properties === undefined ? `map of texts, at most ${node.maxProperties}` : "object";
    default:
      return (node.title ?? "text").replace(/ \(.*\)$/, ""); // what its letters may be is the fault's to say
  }
}
