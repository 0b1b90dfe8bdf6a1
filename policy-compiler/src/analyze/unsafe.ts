/**
 * The variables that nothing binds, collected over the bodies of a rule and told as OPA tells them:
 * each once, at the first expression that can't be placed for it. A variable that an unsafe expression
 * assigns would be bound if that could be placed: it is told where nothing else is to blame, and a
 * variable that the text does not have where nothing is that it has.
 */
import type { Diagnostic, Location } from "@regomesh/base";
import type { Term, Variable } from "../syntax/ast.ts";
import { userName } from "../syntax/print-term.ts";
import { isRootName } from "./outputs.ts";
import { makeProblem } from "./problem.ts";
import { eachTerm } from "./tree.ts";

export type Unsafe = {
  /** By the name that the text has, and by their own those that it has not. */
  readonly found: Map<string, Unbound>;
  readonly assigned: Set<string>;
};

type Unbound = {
  readonly variable: Variable;
  /** The expression it is needed in. */
  readonly place: Location;
  readonly hint?: string;
};

export function makeUnsafe(): Unsafe {
  return { found: new Map(), assigned: new Set() };
}

export function noteUnsafe({ found }: Unsafe, unbound: Unbound): void {
  const { name } = unbound.variable;
  const key = name.startsWith("$") ? name : userName(name);
  const known = found.get(key);
  if (known === undefined || unbound.place.span.start < known.place.span.start) found.set(key, unbound);
}

/** Of an expression that is unsafe: it assigns what the pattern names. */
export function noteAssigned({ assigned }: Unsafe, pattern: Term): void {
  eachTerm(pattern, (term) => {
    if (term.kind === "var" && !isRootName(term.name)) assigned.add(term.name);
  });
}

export function reportUnsafe({ found, assigned }: Unsafe, diagnostics: Diagnostic[]): void {
  if (found.size === 0) return;
  const all = [...found.values()];
  const named = all.filter(({ variable }) => !isGenerated(variable));
  const causes = named.filter(({ variable }) => !assigned.has(variable.name));
  const told = [causes, named, firstOfEach(all)].find((some) => some.length > 0) ?? [];
  for (const unbound of told) diagnostics.push(describe(unbound));
}

function firstOfEach(all: readonly Unbound[]): readonly Unbound[] {
  const places = new Map(all.map((unbound) => [unbound.place.span.start, unbound]));
  return [...places.values()];
}

function describe({ variable, hint }: Unbound): Diagnostic {
  if (isGenerated(variable)) return makeProblem("rego_unsafe_var_error", variable.at, "expression is unsafe");
  const name = userName(variable.name);
  const advice = hint ?? `bind ${name} in a positive expression, or correct the name`;
  return makeProblem("rego_unsafe_var_error", variable.at, `var ${name} is unsafe`, advice);
}

/** The text does not have it; a wildcard is there as `_`. */
export function isGenerated({ name, at }: Variable): boolean {
  return name.startsWith("$") && at.source.text[at.span.start] !== "_";
}
