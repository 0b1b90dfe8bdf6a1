/**
 * Which schemas hold for a rule: those of packages above it (`subpackages`, the outermost
 * first), of its package, of its document, and its own. A later one overrides what an earlier
 * one says of the same place.
 */
import type { Diagnostic } from "@regomesh/base";
import type { Module, Rule } from "../resolved/ast.ts";
import { constantPath } from "../resolved/rule-tree.ts";
import type { Annotation } from "../syntax/ast.ts";
import { readSchemaUses, type SchemaUse } from "../syntax/schema-annotation.ts";
import { overrideType } from "../types/override.ts";
import { readSchemaType, type Schemas, schemaName } from "../types/schemas.ts";
import type { RegoType } from "../types/type.ts";
import { type Documents, typeOfDocument } from "../types/type-env.ts";
import { makeTree, putType, type TypeNode } from "../types/type-tree.ts";
import { makeProblem } from "./problem.ts";

export type SchemaScopes = {
  /** The tree of what a rule's schemas say; undefined where it has none. */
  readonly of: (rule: Rule, documents: Documents) => TypeNode | undefined;
  /** What is said of `input` everywhere. */
  readonly given: Documents | undefined;
};

/** `modules` with heads that begin at the root. Without schemas no annotation is looked at. */
export function findSchemaScopes(
  modules: readonly Module[],
  schemas: Schemas | undefined,
  diagnostics: Diagnostic[],
): SchemaScopes {
  if (schemas === undefined) return { of: () => undefined, given: undefined };
  const uses = collectUses(modules);
  const named = new Map<string, RegoType | string>();
  return {
    given: typeOfInput(modules, schemas, diagnostics),
    of(rule, documents) {
      const own = uses.of(rule);
      if (own.length === 0) return undefined;
      const tree = makeTree();
      const layered = { tree, next: documents };
      for (const use of own) {
        const type = resolve(use, schemas, named);
        if (typeof type === "string") diagnostics.push(makeProblem("rego_type_error", rule.at, type));
        else if (type !== undefined) put(use.path, type, tree, layered);
      }
      return tree;
    },
  };
}

function put(path: readonly string[], type: RegoType, tree: TypeNode, documents: Documents): void {
  const [root = "", ...rest] = path;
  putType(tree, [root], overrideType(typeOfDocument(root, [], documents), rest, type));
}

/** The type that a use gives, or what is wrong with it; undefined where no schemas were given to name. */
function resolve(
  { schema }: SchemaUse,
  schemas: Schemas,
  named: Map<string, RegoType | string>,
): RegoType | string | undefined {
  if (schema.kind === "inline") return toType(schema.definition, schemas);
  if (schemas.documents === undefined) return undefined;
  const name = schemaName(schema.path);
  const known = named.get(name);
  if (known !== undefined) return known;
  const document = schemas.documents.get(name);
  const type = document === undefined ? `undefined schema: ${schema.text}` : toType(document, schemas);
  named.set(name, type);
  return type;
}

function toType(document: unknown, schemas: Schemas): RegoType | string {
  const read = readSchemaType(document, schemas);
  return "fault" in read ? read.fault : read.type;
}

/** A schema that is given as one file is that of the whole input. */
function typeOfInput(modules: readonly Module[], schemas: Schemas, diagnostics: Diagnostic[]): Documents | undefined {
  const document = schemas.documents?.get(schemaName([]));
  const [first] = modules;
  if (document === undefined) return undefined;
  const type = toType(document, schemas);
  if (typeof type === "string") {
    if (first !== undefined) diagnostics.push(makeProblem("rego_type_error", first.package.at, type));
    return undefined;
  }
  const tree = makeTree();
  putType(tree, ["input"], type);
  return { tree, next: undefined };
}

type Uses = { readonly of: (rule: Rule) => readonly SchemaUse[] };

function collectUses(modules: readonly Module[]): Uses {
  const above = new Map<string, readonly SchemaUse[]>();
  const packages = new Map<string, readonly SchemaUse[]>();
  const documents = new Map<string, readonly SchemaUse[]>();
  const rules = new Map<Rule, readonly SchemaUse[]>();
  const homes = new Map<Rule, readonly string[]>();
  for (const module of modules) {
    const path = module.package.path;
    for (const rule of module.rules) homes.set(rule, path);
    for (const annotation of module.annotations) {
      const found = usesOf(annotation);
      if (found.length === 0) continue;
      const rule = annotation.rule === undefined ? undefined : module.rules[annotation.rule];
      if (annotation.scope === "subpackages") add(above, JSON.stringify(path), found);
      else if (annotation.scope === "package") add(packages, JSON.stringify(path), found);
      else if (rule === undefined) continue;
      else if (annotation.scope === "document") add(documents, nameOf(rule), found);
      else add(rules, rule, found);
    }
  }
  const none = above.size + packages.size + documents.size + rules.size === 0;
  return {
    of(rule) {
      if (none) return [];
      const path = homes.get(rule) ?? [];
      const outer = above.size === 0 ? [] : path.map((_, i) => above.get(JSON.stringify(path.slice(0, i + 1))) ?? []);
      return [
        ...outer.flat(),
        ...(packages.get(JSON.stringify(path)) ?? []),
        ...(documents.get(nameOf(rule)) ?? []),
        ...(rules.get(rule) ?? []),
      ];
    },
  };
}

function usesOf({ value }: Annotation): readonly SchemaUse[] {
  const read = readSchemaUses((value as Readonly<Record<string, unknown>>)["schemas"]);
  return "uses" in read ? read.uses : [];
}

function nameOf(rule: Rule): string {
  return JSON.stringify(constantPath(rule.head.ref));
}

function add<Key>(map: Map<Key, readonly SchemaUse[]>, key: Key, uses: readonly SchemaUse[]): void {
  map.set(key, [...(map.get(key) ?? []), ...uses]);
}
