/**
 * What a name in a module stands for outside its rules: a rule of the package, whichever
 * module has it, or what an import names. Also how paths are written in messages.
 */
import type { Location } from "@regomesh/base";
import type { Import, Module, Ref, Term } from "../syntax/ast.ts";

/** Names of a module and the whole path of each, its root first: `["data", "a", "p"]`. */
export type Globals = ReadonlyMap<string, readonly string[]>;

/** The names of all packages' rules, by package. */
export type Exports = ReadonlyMap<string, ReadonlySet<string>>;

export function collectExports(modules: readonly Module[]): Exports {
  const exports = new Map<string, Set<string>>();
  for (const module of modules) {
    const key = packageKey(module.package.path);
    const names = exports.get(key) ?? new Set<string>();
    exports.set(key, names);
    for (const { head } of module.rules) {
      const [first] = head.ref;
      if (first?.kind === "string") names.add(first.value);
    }
  }
  return exports;
}

export function collectGlobals(path: readonly string[], imports: readonly Import[], exports: Exports): Globals {
  const globals = new Map<string, readonly string[]>();
  for (const name of exports.get(packageKey(path)) ?? []) globals.set(name, ["data", ...path, name]);
  for (const clause of imports) {
    if (isLanguageImport(clause)) continue;
    globals.set(importName(clause), clause.path);
  }
  return globals;
}

/** `import rego.v1` and `import future.keywords`: they name nothing. */
export function isLanguageImport({ path }: Import): boolean {
  return path[0] === "rego" || path[0] === "future";
}

export function importName({ path, alias }: Import): string {
  return alias ?? (path.at(-1) as string);
}

function packageKey(path: readonly string[]): string {
  return JSON.stringify(path);
}

export function makeVar(at: Location, name: string): Extract<Term, { kind: "var" }> {
  return { kind: "var", at, name };
}

export function makeString(at: Location, value: string): Term {
  return { kind: "string", at, value };
}

/** A reference from a root: `["data", "a", "p"]`. */
export function makeGlobalRef(at: Location, path: readonly string[]): Ref {
  const [root = "", ...rest] = path;
  return { kind: "ref", at, head: makeVar(at, root), path: rest.map((part) => makeString(at, part)) };
}

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `data.a["b c"].p`. */
export function printPath(path: readonly string[]): string {
  return path.map((part, i) => (i === 0 ? part : PLAIN.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`)).join("");
}

/** A rule's or reference's path with its variables: `data.a.p[x]`. */
export function printTermPath(path: readonly Term[]): string {
  return path
    .map((part) => {
      if (part.kind === "string" && PLAIN.test(part.value)) return `.${part.value}`;
      return `[${printKey(part)}]`;
    })
    .join("");
}

function printKey(part: Term): string {
  switch (part.kind) {
    case "string":
      return JSON.stringify(part.value);
    case "number":
      return part.text;
    case "boolean":
      return String(part.value);
    case "null":
      return "null";
    case "var":
      return userName(part.name);
    default:
      return "...";
  }
}

/** The name in the text: `x` of `x#3`; `_` for wildcards. */
export function userName(name: string): string {
  if (name.startsWith("$")) return "_";
  const mark = name.indexOf("#");
  return mark < 0 ? name : name.slice(0, mark);
}
