/** `rego.metadata.chain()` and `rule()`: constants that analysis knows from the annotations. */
import type { Location } from "@regomesh/base";
import type { Annotation, Module, Rule, Term } from "../syntax/ast.ts";
import { parseBudget } from "../syntax/budget.ts";
import { readSchemaUses } from "../syntax/schema-annotation.ts";
import { isRawNumber, type JsonValue } from "../unit/json.ts";

type Json = JsonValue;

/** The annotations of all modules, by what they stand for. */
export type Annotations = {
  /** Of packages, by path; the last module that has one wins. */
  readonly packages: ReadonlyMap<string, readonly Annotation[]>;
  /** Of documents, by the path of their rules. */
  readonly documents: ReadonlyMap<string, readonly Annotation[]>;
  readonly rules: ReadonlyMap<Rule, readonly Annotation[]>;
};

export function collectAnnotations(modules: readonly Module[]): Annotations {
  const packages = new Map<string, Annotation[]>();
  const documents = new Map<string, Annotation[]>();
  const rules = new Map<Rule, Annotation[]>();
  for (const module of modules) {
    for (const annotation of module.annotations) {
      const rule = annotation.rule === undefined ? undefined : module.rules[annotation.rule];
      if (rule === undefined) push(packages, key(module.package.path), annotation);
      else if (annotation.scope === "document") push(documents, key(rulePath(module, rule)), annotation);
      else if (annotation.scope === "rule") push(rules, rule, annotation);
      else push(packages, key(module.package.path), annotation);
    }
  }
  return { packages, documents, rules };
}

/** The value of `chain()` in a link of a rule: what stands for the link, the rule's document, its package, packages above. */
export function metadataChain(annotations: Annotations, module: Module, rule: Rule, link = rule): Json {
  const path = rulePath(module, rule);
  const own = annotations.rules.get(link) ?? [];
  const entries: Json[] = own.length === 0 ? [{ path }] : own.map((annotation) => makeEntry(path, annotation));
  const documents = annotations.documents.get(key(path)) ?? [];
  entries.push(...documents.map((annotation) => makeEntry(path, annotation)));
  const packagePath = module.package.path;
  for (const annotation of annotations.packages.get(key(packagePath)) ?? []) {
    if (annotation.scope === "package") entries.push(makeEntry(packagePath, annotation));
  }
  for (let length = packagePath.length; length > 0; length--) {
    const above = packagePath.slice(0, length);
    for (const annotation of annotations.packages.get(key(above)) ?? []) {
      if (annotation.scope === "subpackages") entries.push(makeEntry(above, annotation));
    }
  }
  return entries;
}

/** The value of `rule()`: the rule's own annotation, or an empty object; its document's is not its own. */
export function metadataRule(annotations: Annotations, rule: Rule): Json {
  const annotation = annotations.rules.get(rule)?.[0];
  return annotation === undefined ? {} : toJson(annotation);
}

function makeEntry(path: readonly string[], annotation: Annotation): Json {
  return { path, annotations: toJson(annotation) };
}

/** The fields as OPA shows them: authors and resources as objects, the scope spelt out. */
function toJson({ value, scope }: Annotation): Json {
  const fields = value as Readonly<Record<string, unknown>>;
  const json: Record<string, Json> = { scope };
  for (const [name, field] of Object.entries(fields)) {
    if (name === "authors" && Array.isArray(field)) json[name] = field.map(toAuthor);
    else if (name === "related_resources" && Array.isArray(field)) json[name] = field.map(toResource);
    else if (name === "schemas" && Array.isArray(field) && field.length > 0) json[name] = toSchemas(field);
    else if (FIELDS.has(name) && isSaid(field)) json[name] = TEXTS.has(name) ? String(field) : toPlain(field);
  }
  return json;
}

/** What OPA reads of a block beside authors and resources: all else it passes over. */
const FIELDS: ReadonlySet<string> = new Set([
  "title",
  "description",
  "organizations",
  "entrypoint",
  "custom",
  "labels",
]);
const TEXTS: ReadonlySet<string> = new Set(["title", "description"]);

/** False, null and what is empty are as if not written. */
function isSaid(field: unknown): boolean {
  if (typeof field !== "object" || field === null) return field !== false && field !== null && field !== "";
  return Object.keys(field).length > 0;
}

function toAuthor(author: unknown): Json {
  if (typeof author !== "string") return toPlain(author);
  const [, name = "", email] = /^(.*?)\s*(?:<([^>]*)>)?$/.exec(author.trim()) ?? [];
  return { ...(name === "" ? {} : { name }), ...(email === undefined ? {} : { email }) };
}

function toResource(resource: unknown): Json {
  if (typeof resource === "string") return { ref: toAddress(resource) };
  const plain = toPlain(resource);
  if (typeof plain !== "object" || plain === null || isList(plain) || isRawNumber(plain)) return plain;
  return { ...plain, ref: toAddress(String(plain["ref"])) };
}

/** Which document has which schema, each as a path; a schema that is written out is itself. */
function toSchemas(field: readonly unknown[]): Json {
  const read = readSchemaUses(field);
  if ("fault" in read) return [];
  return read.uses.map(({ path, schema }): Json => {
    if (schema.kind === "inline") return { path, definition: toPlain(schema.definition) };
    return { path, schema: ["schema", ...schema.path] };
  });
}

/** As Go prints the address that it read. */
function toAddress(text: string): string {
  return encodeURI(text.toWellFormed()).replaceAll("%25", "%");
}

function toPlain(value: unknown): Json {
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return value;
  if (isRawNumber(value)) return value;
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== "object") return null;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toPlain(field)]));
}

/** A JSON value as a term. */
export function jsonTerm(at: Location, value: Json): Term {
  if (value === null) return { kind: "null", at };
  if (typeof value === "boolean") return { kind: "boolean", at, value };
  if (typeof value === "number") return { kind: "number", at, text: String(value) };
  if (isRawNumber(value)) return { kind: "number", at, text: JSON.stringify(value) };
  if (typeof value === "string") return { kind: "string", at, value };
  if (isList(value)) return { kind: "array", at, items: value.map((item) => jsonTerm(at, item)) };
  const entries = Object.entries(value).map(
    ([name, field]) => [{ kind: "string", at, value: name } as const, jsonTerm(at, field)] as const,
  );
  return { kind: "object", at, entries };
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** The least budget, in units of fuel, of the rules at a path below `data`; `modules` as they were parsed. */
export function budgetOf(modules: readonly Module[], path: readonly string[]): number | undefined {
  const budgets = modules.flatMap((module) =>
    module.annotations.flatMap(({ value, rule: index }) => {
      const rule = index === undefined ? undefined : module.rules[index];
      if (rule === undefined || key(rulePath(module, rule)) !== key(path)) return [];
      return parseBudget(String((value as { readonly budget?: unknown }).budget)) ?? [];
    }),
  );
  return budgets.length === 0 ? undefined : Math.min(...budgets);
}

/** Package and constant beginning of the head. */
function rulePath(module: Module, rule: Rule): readonly string[] {
  const path = [...module.package.path];
  for (const part of rule.head.ref) {
    if (part.kind !== "string") break;
    path.push(part.value);
  }
  return path;
}

function key(path: readonly string[]): string {
  return JSON.stringify(path);
}

function push<Key>(map: Map<Key, Annotation[]>, at: Key, annotation: Annotation): void {
  const list = map.get(at);
  if (list === undefined) map.set(at, [annotation]);
  else list.push(annotation);
}
