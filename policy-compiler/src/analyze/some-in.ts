/**
 * What `some … in` declares. OPA makes the equation `pattern = collection[key]` of it and declares what that would
 * bind: the variable, those of an array's items and an object's values, also in brackets and arguments there; of
 * another pattern those in the brackets of references into what the collection mentions too.
 */
import type { Body, Term, Variable, What } from "../syntax/ast.ts";
import { eachTerm, subterms } from "./tree.ts";
import { deepTerm } from "./tree-deep.ts";

export type SomeIn = Extract<What, { kind: "some-in" }>;

/** `some input in xs` declares nothing: input and data are what they are everywhere. */
export function declaredBySomeIn({ key, value, domain }: SomeIn): readonly Variable[] {
  // Most have one variable.
  if (key === undefined && value.kind === "var") return isDeclared(value.name, domain) ? [value] : [];
  const known = namesOf(domain);
  const variables = [...(key === undefined ? [] : deepVariables(key)), ...boundBy(value, known)];
  return variables.filter(({ name }) => !known.has(name) && name !== "input" && name !== "data");
}

function isDeclared(name: string, domain: Term): boolean {
  if (name === "input" || name === "data") return false;
  return !mentionsDeep(domain, name);
}

/** Names in the patterns of a body's `some … in`: no rule or import is meant by them, whether they are declared or not. */
export function patternNames(body: Body): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { what } of body) {
    if (what.kind !== "some-in") continue;
    for (const pattern of patternsOf(what)) for (const name of namesOf(pattern)) names.add(name);
  }
  return names;
}

export function patternsOf({ key, value }: SomeIn): readonly Term[] {
  return key === undefined ? [value] : [key, value];
}

/** Variables of a pattern but for those that references and entries begin with, and those in closures. */
export function openVariables(pattern: Term): readonly Variable[] {
  switch (pattern.kind) {
    case "var":
      return [pattern];
    case "call-term":
      return pattern.args.flatMap(openVariables);
    case "ref":
      return pattern.path.flatMap(openVariables);
    case "object":
      return pattern.entries.flatMap(([, value]) => openVariables(value));
    case "template":
      return [];
    default:
      return subterms(pattern).flatMap(openVariables);
  }
}

function boundBy(value: Term, known: ReadonlySet<string>): readonly Variable[] {
  if (value.kind === "var") return [value];
  if (value.kind === "array" || value.kind === "object") return openVariables(value);
  const bound: Variable[] = [];
  const visit = (term: Term): void => {
    if (term.kind === "template") return;
    if (term.kind === "ref") {
      if (![...namesOf(term.head)].every((name) => known.has(name))) return;
      bound.push(...term.path.flatMap(deepVariables));
    }
    subterms(term).forEach(visit);
  };
  visit(value);
  return bound;
}

/** All variables, in closures and keys too, but for those that references begin with. */
function deepVariables(term: Term): readonly Variable[] {
  const heads = new Set<Term>();
  const variables: Variable[] = [];
  deepTerm(term, (part) => {
    if (part.kind === "ref") heads.add(part.head);
    if (part.kind === "var" && !heads.has(part)) variables.push(part);
  });
  return variables;
}

/** Of all variables at any depth. */
function namesOf(term: Term): ReadonlySet<string> {
  const names = new Set<string>();
  deepTerm(term, (part) => {
    const name = nameOf(part);
    if (name !== undefined && name !== "_") names.add(name);
  });
  return names;
}

/** Whether a term mentions a name outside of closures, in that of what is called, too. */
export function mentions(term: Term, name: string): boolean {
  let found = false;
  eachTerm(term, (part) => {
    if (nameOf(part) === name && name !== "_") found = true;
  });
  return found;
}

export function mentionsDeep(term: Term, name: string): boolean {
  let found = false;
  deepTerm(term, (part) => {
    if (nameOf(part) === name && name !== "_") found = true;
  });
  return found;
}

/** Of a variable, and what the name of a call begins with. */
function nameOf(term: Term): string | undefined {
  if (term.kind === "var") return term.name;
  return term.kind === "call-term" ? term.operator.path[0] : undefined;
}
