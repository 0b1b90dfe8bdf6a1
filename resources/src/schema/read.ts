/**
 * Reads a YAML node by a schema: the value with its defaults, or every fault at once, each
 * at the node it is about, in the mesh's own words.
 */
import { isScalar, type Node } from "yaml";
import { z } from "zod";
import type { ResourceCode } from "./code.ts";
import { nearest } from "./nearest.ts";
import { joinPath, type Plain, toPlain } from "./to-plain.ts";

export type Fault = {
  readonly code: ResourceCode;
  readonly message: string;
  readonly node: Node;
  readonly hint?: string | undefined;
};

export type Read<T> = {
  /** Absent where there is a fault. */
  readonly value?: T;
  readonly faults: readonly Fault[];
  /** Nodes by path (`spec.ports[0].name`); "" is the document. */
  readonly nodes: ReadonlyMap<string, Node>;
};

type Issue = z.core.$ZodIssue;

export function readNode<T extends z.ZodType>(schema: T, root: Node): Read<z.output<T>> {
  const plain = toPlain(root);
  const { nodes, faults } = plain;
  const reported = new Set(faults.map(({ path }) => path));
  const found: Fault[] = faults.map(({ path, message, node }) => value(path, message, node));
  const parsed = schema.safeParse(plain.value, { reportInput: true });
  for (const issue of parsed.success ? [] : parsed.error.issues.flatMap(flatten)) {
    const path = issue.path.reduce(joinPath, "");
    if (issue.code === "unrecognized_keys") found.push(...unknownFields(issue, path, schema, plain));
    else if (!reported.has(path)) {
      reported.add(path); // one fault a value: what follows from it would be noise
      found.push(toFault(issue, path, schema, plain));
    }
  }
  return parsed.success && found.length === 0
    ? { value: parsed.data as z.output<T>, faults: found, nodes }
    : { faults: found, nodes };
}

function toFault(issue: Issue, path: string, schema: z.ZodType, plain: Plain): Fault {
  const node = plain.nodes.get(path);
  if (node === undefined) {
    const parent = plain.nodes.get(issue.path.slice(0, -1).reduce(joinPath, "")) as Node;
    const fields = objectAt(schema, issue.path.slice(0, -1))?.shape;
    const hint = (fields?.[String(issue.path.at(-1))] as z.ZodType | undefined)?.description;
    return { code: "resource_missing", message: `${path} is missing`, node: parent, hint };
  }
  switch (issue.code) {
    case "invalid_type":
      return wrongType(issue, path, node);
    case "too_big":
      if (issue.origin === "array") return value(path, `has more than ${issue.maximum} members`, node);
      if (issue.origin === "string") return value(path, `is longer than ${issue.maximum} characters`, node);
      return value(path, `${issue.message}${notThat(node)}`, node);
    case "invalid_value": {
      const near = issue.values.find((member) => String(member).toLowerCase() === String(issue.input).toLowerCase());
      const hint = near === undefined ? undefined : `write ${String(near)}`;
      return value(path, `must be one of ${issue.values.join(", ")}${notThat(node)}`, node, hint);
    }
    default:
      return value(path, `${issue.message}${issue.message.startsWith("must") ? notThat(node) : ""}`, node);
  }
}

function wrongType(issue: Extract<Issue, { code: "invalid_type" }>, path: string, node: Node): Fault {
  switch (issue.expected) {
    case "object":
      return value(path, "must be a mapping of fields", node);
    case "record":
      return value(path, "must be a mapping", node);
    case "array":
      return value(path, "must be a list", node);
    case "string":
      return value(path, issue.message, node, quoteHint(node));
    default:
      return value(path, `${issue.message}${notThat(node)}`, node);
  }
}

function unknownFields(
  issue: Extract<Issue, { code: "unrecognized_keys" }>,
  path: string,
  schema: z.ZodType,
  plain: Plain,
): readonly Fault[] {
  const names = Object.keys(objectAt(schema, issue.path)?.shape ?? {});
  return issue.keys.map((name) => {
    const near = nearest(name, names);
    return {
      code: "resource_field",
      message: `unknown field ${name}${path === "" ? "" : ` in ${path}`}`,
      node: plain.keys.get(joinPath(path, name)) as Node,
      hint: near === undefined ? `known fields are ${names.join(", ")}` : `did you mean ${near}?`,
    };
  });
}

/** Where a value may be written in several ways, the faults of the way that was meant: the first that takes its type. */
function flatten(issue: Issue): readonly Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const isOtherWay = (issues: readonly Issue[]) =>
    issues.some((one) => one.code === "invalid_type" && one.path.length === 0);
  const meant = issue.errors.find((issues) => !isOtherWay(issues)) ?? issue.errors[0] ?? [];
  return meant.flatMap(flatten).map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
}

/** The object schema at a path; of several ways to write a value, the object's. */
function objectAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodObject | undefined {
  const inner = bare(schema);
  const [part, ...rest] = path;
  if (part === undefined) return inner instanceof z.ZodObject ? inner : undefined;
  if (inner instanceof z.ZodArray) return objectAt(inner.element as z.ZodType, rest);
  if (!(inner instanceof z.ZodObject) || !Object.hasOwn(inner.shape, part)) return undefined;
  return objectAt(inner.shape[String(part)] as z.ZodType, rest);
}

function bare(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodExactOptional)
    return bare(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodPipe) return bare(schema.in as z.ZodType);
  if (!(schema instanceof z.ZodUnion)) return schema;
  return (schema.options as readonly z.ZodType[]).find((option) => option instanceof z.ZodObject) ?? schema;
}

function value(path: string, message: string, node: Node, hint?: string): Fault {
  return { code: "resource_value", message: `${path === "" ? "the document" : path} ${message}`, node, hint };
}

function notThat(node: Node): string {
  return isScalar(node) ? `, not ${show(node)}` : "";
}

function show(node: Node): string {
  if (!isScalar(node)) return "a collection";
  const shown = node.source ?? String(node.value);
  return shown === "" ? "nothing" : shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
}

function quoteHint(node: Node): string | undefined {
  const isPlain = isScalar(node) && node.value !== null && node.source !== undefined;
  return isPlain ? `write it in quotes: "${show(node)}"` : undefined;
}
