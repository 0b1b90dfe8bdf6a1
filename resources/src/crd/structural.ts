/**
 * From the JSON Schema that editors get to the structural schema that a CRD takes: every value has
 * one type, what JSON Schema cannot say is CEL, and what CEL's cost is estimated from is bounded.
 */
import type { JsonSchema } from "../schema/json-schema.ts";
import { DURATION_RANGE, KEY_PATTERN } from "../schema/values.ts";
import type { CelRule } from "./cluster-kinds.ts";

type Node = JsonSchema & {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly additionalProperties?: Node | boolean;
};

/** Four parts of at most five digits and a unit. */
const DURATION_LENGTH_MAX = 28;

const KEPT = [
  "type",
  "format",
  "description",
  "default",
  "enum",
  "pattern",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "maxProperties",
  "required",
] as const;

/** `rules`: those that stand at `path` or below it. */
export function toStructural(schema: JsonSchema, path: string, rules: readonly CelRule[]): JsonSchema {
  const node = schema as Node;
  const kept = Object.fromEntries(KEPT.flatMap((word) => (node[word] === undefined ? [] : [[word, node[word]]])));
  // A value that may be written in two ways has no one type; the controller and its webhook look at it.
  const isFree = node.anyOf !== undefined || node.type === undefined;
  const validations = [...ownRules(node), ...rules.filter(({ at }) => at === path).map(toValidation)];
  return {
    ...kept,
    ...(isFree ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    ...(node[DURATION_RANGE] === undefined ? {} : { maxLength: DURATION_LENGTH_MAX }),
    ...(node.type === "integer" ? { format: "int64" } : {}),
    ...(validations.length === 0 ? {} : { "x-kubernetes-validations": validations }),
    ...(node.properties === undefined
      ? membersOf(node, path, rules)
      : {
          properties: {
            ...Object.fromEntries(
              Object.entries(node.properties).map(([name, each]) => [
                name,
                toStructural(each, path === "" ? name : `${path}.${name}`, rules),
              ]),
            ),
            ...(hasOn(node) ? { true: MISREAD_ON } : {}),
          },
        }),
    ...(node.items === undefined
      ? {}
      : { items: toStructural(node.items, `${path}[]`, rules), ...listTypeOf(node.items) }),
  };
}

function membersOf({ additionalProperties: members }: Node, path: string, rules: readonly CelRule[]): JsonSchema {
  if (typeof members !== "object") return {};
  // A map of anything at all is kept as it is written.
  if (Object.keys(members).length === 0) return { "x-kubernetes-preserve-unknown-fields": true };
  return { additionalProperties: toStructural(members, `${path}{}`, rules) };
}

/** Lists of named parts are merged by name where several apply them. */
function listTypeOf({ properties, required }: Node): JsonSchema {
  const isNamed = properties?.["name"] !== undefined && Array.isArray(required) && required.includes("name");
  return isNamed
    ? { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] }
    : { "x-kubernetes-list-type": "atomic" };
}

/**
 * kubectl reads YAML 1.1, in which a bare `on` is the boolean true, and so a field of that name. Unknown, it would be
 * dropped where a client does not validate; known, it is refused with the way out, whoever sends it.
 */
const MISREAD_ON = {
  description: 'no field: what YAML 1.1 makes of a bare on, and refused; write "on" in quotes',
  // CEL sees no field without a type.
  type: "array",
  maxItems: 64,
  items: { type: "string", maxLength: 256 },
  "x-kubernetes-list-type": "atomic",
};

function hasOn({ properties }: Node): boolean {
  return properties?.["on"] !== undefined;
}

function ownRules(node: Node): readonly JsonSchema[] {
  const range = node[DURATION_RANGE] as readonly [number, number] | undefined;
  const names = node[KEY_PATTERN] as string | undefined;
  return [
    ...(hasOn(node)
      ? [
          {
            rule: "!has(self.__true__)",
            message: 'has a field true, which YAML 1.1 makes of a bare on: write "on" in quotes',
          },
        ]
      : []),
    ...(range === undefined
      ? []
      : [
          {
            rule: `duration(self) >= duration('${range[0]}ms') && duration(self) <= duration('${range[1]}ms')`,
            message: `must be from ${range[0]} ms to ${range[1] / 1000} s`,
          },
        ]),
    ...(names === undefined
      ? []
      : [
          {
            rule: `self.all(name, name.matches('${names.replaceAll("\\", "\\\\")}'))`,
            messageExpression: `'has a key that is no file name such as authz.rego: ' + self.filter(name, !name.matches('${names.replaceAll("\\", "\\\\")}'))[0]`,
            message: "has a key that is no file name such as authz.rego",
          },
        ]),
  ];
}

function toValidation({ rule, message, fieldPath }: CelRule): JsonSchema {
  return { rule, message, ...(fieldPath === undefined ? {} : { fieldPath }) };
}
