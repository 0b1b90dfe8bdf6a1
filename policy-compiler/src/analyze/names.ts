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

const ROOTS: ReadonlySet<string> = new Set(["data", "input"]);

export function collectGlobals(path: readonly string[], imports: readonly Import[], exports: Exports): Globals {
  const globals = new Map<string, readonly string[]>();
  for (const name of exports.get(packageKey(path)) ?? []) globals.set(name, ["data", ...path, name]);
  for (const clause of imports) {
    if (isLanguageImport(clause)) continue;
    const name = importName(clause);
    // `import data.input` names nothing: input is what it is.
    if (clause.alias !== undefined || !ROOTS.has(name)) globals.set(name, clause.path);
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
  return { kind: "ref", at, head: makeVar(at, path[0] ?? ""), path: path.slice(1).map((part) => makeString(at, part)) };
}
