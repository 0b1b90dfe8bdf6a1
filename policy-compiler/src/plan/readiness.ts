/** Whether a term can be planned as a value now, or waits for variables that are not bound yet. */
import type { Body, Term } from "../resolved/ast.ts";
import { isKnownReady, resolveVariable, type Variables } from "./variables.ts";

export function isRoot(name: string): boolean {
  return name === "input" || name === "data";
}

export function isBound(variables: Variables, name: string): boolean {
  return name === "input" || name === "data" || resolveVariable(variables, name) !== undefined;
}

/**
 * True if planning the term needs no further variable. Variables in the brackets of a
 * reference need not be bound: the reference binds them. The body of a comprehension
 * stands where all that it needs is bound, but for `awaited`: what its own equation binds.
 * It is asked again of each part when that is planned: what was found is kept.
 */
export function isReady(variables: Variables, term: Term, awaited: ReadonlySet<string>): boolean {
  switch (term.kind) {
    case "var":
      return term.name === "input" || term.name === "data" || resolveVariable(variables, term.name) !== undefined;
    case "string":
    case "number":
    case "boolean":
    case "null":
      return true;
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      return partsReady(variables, term, awaited);
    default: {
      if (awaited.size > 0) return partsReady(variables, term, awaited);
      if (isKnownReady(variables, term)) return true;
      const isReadyNow = partsReady(variables, term, awaited);
      if (isReadyNow) variables.ready.add(term);
      return isReadyNow;
    }
  }
}

type Parted = Exclude<Term, { readonly kind: "var" | "string" | "number" | "boolean" | "null" }>;

function partsReady(variables: Variables, term: Parted, awaited: ReadonlySet<string>): boolean {
  switch (term.kind) {
    case "ref":
      return isReady(variables, term.head, awaited) && keysReady(variables, term.path, awaited);
    case "array":
    case "set":
      return allReady(variables, term.items, awaited);
    case "object":
      return term.entries.every((entry) => allReady(variables, entry, awaited));
    case "call-term":
      return allReady(variables, term.args, awaited);
    case "array-comprehension":
    case "set-comprehension":
      return !usesAwaited(variables, [term.value], term.body, awaited);
    case "object-comprehension":
      return !usesAwaited(variables, [term.key, term.value], term.body, awaited);
  }
}

function allReady(variables: Variables, terms: readonly Term[], awaited: ReadonlySet<string>): boolean {
  for (let i = 0; i < terms.length; i++) if (!isReady(variables, terms[i] as Term, awaited)) return false;
  return true;
}

/** In brackets a variable, an array or an object binds what is not bound, or is matched with each key, as a set is; most keys are texts. */
function keysReady(variables: Variables, path: readonly Term[], awaited: ReadonlySet<string>): boolean {
  for (let i = 0; i < path.length; i++) {
    const key = path[i] as Term;
    const { kind } = key;
    if (kind === "string" || kind === "var" || kind === "array" || kind === "object" || kind === "set") continue;
    if (!isReady(variables, key, awaited)) return false;
  }
  return true;
}

function usesAwaited(variables: Variables, terms: readonly Term[], body: Body, awaited: ReadonlySet<string>): boolean {
  if (awaited.size === 0) return false;
  const names = new Set<string>();
  for (const term of terms) collectVariables(term, names);
  collectBody(body, names);
  return [...names].some((name) => awaited.has(name) && !isBound(variables, name));
}

/** The variables that the term itself would bind or needs, without those of comprehensions in it. */
export function openVariables(term: Term, names: Set<string> = new Set()): Set<string> {
  switch (term.kind) {
    case "var":
      if (term.name !== "input" && term.name !== "data") names.add(term.name);
      break;
    case "ref":
      openVariables(term.head, names);
      for (let i = 0; i < term.path.length; i++) {
        const key = term.path[i] as Term;
        if (key.kind !== "string") openVariables(key, names);
      }
      break;
    case "array":
    case "set":
      for (const item of term.items) openVariables(item, names);
      break;
    case "object":
      for (const part of term.entries.flat()) openVariables(part, names);
      break;
    case "call-term":
      for (const arg of term.args) openVariables(arg, names);
      break;
    case "null":
    case "boolean":
    case "number":
    case "string":
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      break;
  }
  return names;
}

/** Every variable in the term, those of bodies in it too. */
function collectVariables(term: Term, names: Set<string>): void {
  openVariables(term, names);
  eachBody(term, (terms, body) => {
    for (const inner of terms) collectVariables(inner, names);
    collectBody(body, names);
  });
}

function collectBody(body: Body, names: Set<string>): void {
  for (const { what } of body) {
    switch (what.kind) {
      case "term":
        collectVariables(what.term, names);
        break;
      case "call":
        for (const arg of what.args) collectVariables(arg, names);
        break;
      case "unify":
        collectVariables(what.left, names);
        collectVariables(what.right, names);
        break;
      case "every":
        collectVariables(what.domain, names);
        collectBody(what.body, names);
        break;
      case "body":
        collectBody(what.body, names);
        break;
    }
  }
}

function eachBody(term: Term, visit: (terms: readonly Term[], body: Body) => void): void {
  switch (term.kind) {
    case "array-comprehension":
    case "set-comprehension":
      visit([term.value], term.body);
      break;
    case "object-comprehension":
      visit([term.key, term.value], term.body);
      break;
    case "ref":
      for (const part of [term.head, ...term.path]) eachBody(part, visit);
      break;
    case "array":
    case "set":
      for (const item of term.items) eachBody(item, visit);
      break;
    case "object":
      for (const part of term.entries.flat()) eachBody(part, visit);
      break;
    case "call-term":
      for (const arg of term.args) eachBody(arg, visit);
      break;
    case "var":
    case "null":
    case "boolean":
    case "number":
    case "string":
      break;
  }
}
