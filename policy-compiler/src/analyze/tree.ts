/**
 * Walking the tree. What a closure contains (the body of a comprehension, of `every`, of
 * `not { … }`) is another level: `each…` stop there, `tree-deep.ts` goes in. Each walks any tree, and gives of a
 * resolved one resolved parts: that is what the first of two signatures says.
 */
import type * as Resolved from "../resolved/ast.ts";
import type { Body, Expr, Term, Variable, What, With } from "../syntax/ast.ts";

/** The terms a comprehension yields, or the variables of `every`, and the body they belong to. */
export type Closure = { readonly heads: readonly Term[]; readonly body: Body; readonly isImplicit: boolean };
type ResolvedClosure = Omit<Closure, "heads" | "body"> & {
  readonly heads: readonly Resolved.Term[];
  readonly body: Resolved.Body;
};

/** The parts of a term on its own level. */
export function subterms(term: Resolved.Term): readonly Resolved.Term[];
export function subterms(term: Term): readonly Term[];
export function subterms(term: Term): readonly Term[] {
  switch (term.kind) {
    case "ref":
      return [term.head, ...term.path];
    case "array":
    case "set":
      return term.items;
    case "object":
      return term.entries.flat();
    case "call-term":
      return term.args;
    case "template":
      return term.parts.flatMap((part) =>
        typeof part === "string" ? [] : [part.term, ...part.with.map(({ value }) => value)],
      );
    case "null":
    case "boolean":
    case "number":
    case "string":
    case "var":
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      return [];
  }
}

/** Whether a part of a term on its own level is one. Asked of each term several times: it makes no array. */
export function someSubterm(term: Resolved.Term, isOne: (part: Resolved.Term) => boolean): boolean;
export function someSubterm(term: Term, isOne: (part: Term) => boolean): boolean;
export function someSubterm(term: Term, isOne: (part: Term) => boolean): boolean {
  switch (term.kind) {
    case "ref":
      return isOne(term.head) || isOneAmong(term.path, isOne);
    case "array":
    case "set":
      return isOneAmong(term.items, isOne);
    case "object":
      return term.entries.some(([key, value]) => isOne(key) || isOne(value));
    case "call-term":
      return isOneAmong(term.args, isOne);
    case "template":
      return isOneAmong(subterms(term), isOne);
    default:
      return false;
  }
}

function isOneAmong(terms: readonly Term[], isOne: (part: Term) => boolean): boolean {
  for (let i = 0; i < terms.length; i++) if (isOne(terms[i] as Term)) return true;
  return false;
}

export function closureOfTerm(term: Resolved.Term): ResolvedClosure | undefined;
export function closureOfTerm(term: Term): Closure | undefined;
export function closureOfTerm(term: Term): Closure | undefined {
  switch (term.kind) {
    case "array-comprehension":
    case "set-comprehension":
      return { heads: [term.value], body: term.body, isImplicit: false };
    case "object-comprehension":
      return { heads: [term.key, term.value], body: term.body, isImplicit: false };
    default:
      return undefined;
  }
}

export function closureOfWhat(what: Resolved.What): ResolvedClosure | undefined;
export function closureOfWhat(what: What): Closure | undefined;
export function closureOfWhat(what: What): Closure | undefined {
  if (what.kind === "body") return { heads: [], body: what.body, isImplicit: what.isImplicit };
  if (what.kind !== "every") return undefined;
  const heads = what.key === undefined ? [what.value] : [what.key, what.value];
  return { heads, body: what.body, isImplicit: false };
}

/** The terms of an expression on its own level, without its modifiers. */
export function termsOfWhat(what: Resolved.What): readonly Resolved.Term[];
export function termsOfWhat(what: What): readonly Term[];
export function termsOfWhat(what: What): readonly Term[] {
  switch (what.kind) {
    case "term":
      return [what.term];
    case "call":
      return what.args;
    case "assign":
    case "unify":
      return [what.left, what.right];
    case "some":
      return what.variables;
    case "some-in":
      return what.key === undefined ? [what.value, what.domain] : [what.key, what.value, what.domain];
    case "every":
      return [what.domain];
    case "body":
      return [];
  }
}

/** The same with the values of its modifiers, but for those that name a built-in. */
export function termsOfExpr(expr: Resolved.Expr): readonly Resolved.Term[];
export function termsOfExpr(expr: Expr): readonly Term[];
export function termsOfExpr(expr: Expr): readonly Term[] {
  const own = termsOfWhat(expr.what);
  return expr.with.length === 0 ? own : [...own, ...termsOfModifiers(expr.with)];
}

export function termsOfModifiers(modifiers: readonly Resolved.With[]): readonly Resolved.Term[];
export function termsOfModifiers(modifiers: readonly With[]): readonly Term[];
export function termsOfModifiers(modifiers: readonly With[]): readonly Term[] {
  if (modifiers.length === 0) return NO_TERMS;
  return modifiers.map(({ value }) => value).filter((value) => !isBuiltinName(value));
}

const NO_TERMS: readonly Term[] = [];

function isBuiltinName(value: Term): boolean {
  if (value.kind !== "ref" || value.path.length > 0 || value.head.kind !== "var") return false;
  return value.head.name !== "data" && value.head.name !== "input";
}

/** The same term with its parts on this level replaced. */
export function mapSubterms(term: Resolved.Term, map: (part: Resolved.Term) => Resolved.Term): Resolved.Term;
export function mapSubterms(term: Term, map: (part: Term) => Term): Term;
export function mapSubterms(term: Term, map: (part: Term) => Term): Term {
  switch (term.kind) {
    case "ref": {
      const head = map(term.head);
      const path = mapTerms(term.path, map);
      return head === term.head && path === term.path ? term : { ...term, head, path };
    }
    case "array":
    case "set": {
      const items = mapTerms(term.items, map);
      return items === term.items ? term : { ...term, items };
    }
    case "object":
      return { ...term, entries: term.entries.map(([key, value]) => [map(key), map(value)] as const) };
    case "call-term": {
      const args = mapTerms(term.args, map);
      return args === term.args ? term : { ...term, args };
    }
    default:
      return term;
  }
}

/** The same array where none of them changes. */
export function mapTerms(
  terms: readonly Resolved.Term[],
  map: (term: Resolved.Term) => Resolved.Term,
): readonly Resolved.Term[];
export function mapTerms(terms: readonly Term[], map: (term: Term) => Term): readonly Term[];
export function mapTerms(terms: readonly Term[], map: (term: Term) => Term): readonly Term[] {
  let mapped: Term[] | undefined;
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    const other = map(term);
    if (other === term) continue;
    mapped ??= terms.slice();
    mapped[i] = other;
  }
  return mapped ?? terms;
}

/** The same with its terms replaced, but for what declares or contains a body. */
export function mapWhat(what: Resolved.What, map: (term: Resolved.Term) => Resolved.Term): Resolved.What;
export function mapWhat(what: What, map: (term: Term) => Term): What;
export function mapWhat(what: What, map: (term: Term) => Term): What {
  switch (what.kind) {
    case "term":
      return { ...what, term: map(what.term) };
    case "call":
      return { ...what, args: what.args.map(map) };
    case "unify":
      return { ...what, left: map(what.left), right: map(what.right) };
    default:
      return what;
  }
}

/** Each term on this level, outer before inner. Called for every rule several times: it makes no arrays. */
export function eachTerm(term: Resolved.Term, visit: (term: Resolved.Term) => void): void;
export function eachTerm(term: Term, visit: (term: Term) => void): void;
export function eachTerm(term: Term, visit: (term: Term) => void): void {
  visit(term);
  switch (term.kind) {
    case "ref":
      eachTerm(term.head, visit);
      for (const part of term.path) {
        // Most keys are constants.
        if (part.kind === "string") visit(part);
        else eachTerm(part, visit);
      }
      return;
    case "array":
    case "set":
      for (const item of term.items) eachTerm(item, visit);
      return;
    case "call-term":
      for (const arg of term.args) eachTerm(arg, visit);
      return;
    case "object":
      for (const [key, value] of term.entries) {
        eachTerm(key, visit);
        eachTerm(value, visit);
      }
      return;
    case "template":
      for (const part of subterms(term)) eachTerm(part, visit);
      return;
    default:
      return;
  }
}

/** Each variable of a term on this level, in the order of `eachTerm`: constants, which most keys are, are stepped over. */
export function eachVariable(term: Term, visit: (variable: Variable) => void): void {
  switch (term.kind) {
    case "var":
      visit(term);
      return;
    case "ref":
      if (term.head.kind === "var") visit(term.head);
      else eachVariable(term.head, visit);
      eachVariableAmong(term.path, visit);
      return;
    case "array":
    case "set":
      eachVariableAmong(term.items, visit);
      return;
    case "call-term":
      eachVariableAmong(term.args, visit);
      return;
    case "object":
    case "template":
      eachVariableAmong(subterms(term), visit);
      return;
    default:
      return;
  }
}

function eachVariableAmong(terms: readonly Term[], visit: (variable: Variable) => void): void {
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    if (term.kind === "var") visit(term);
    else if (term.kind !== "string") eachVariable(term, visit);
  }
}

/** The same of the terms of an expression. */
export function eachVariableOfExpr({ what, with: modifiers }: Expr, visit: (variable: Variable) => void): void {
  switch (what.kind) {
    case "term":
      eachVariable(what.term, visit);
      break;
    case "call":
      eachVariableAmong(what.args, visit);
      break;
    case "assign":
    case "unify":
      eachVariable(what.left, visit);
      eachVariable(what.right, visit);
      break;
    default:
      eachVariableAmong(termsOfWhat(what), visit);
  }
  if (modifiers.length > 0) eachVariableAmong(termsOfModifiers(modifiers), visit);
}

/** Terms without parts or a body. */
const LEAVES: ReadonlySet<Term["kind"]> = new Set(["null", "boolean", "number", "string", "var"]);

/** The closures of an expression, those of its terms among them. */
export function closuresOfExpr(expr: Resolved.Expr): readonly ResolvedClosure[];
export function closuresOfExpr(expr: Expr): readonly Closure[];
export function closuresOfExpr(expr: Expr): readonly Closure[] {
  if (!hasClosures(expr)) return NO_CLOSURES;
  const closures: Closure[] = [];
  for (const term of termsOfExpr(expr)) collectClosures(term, closures);
  const own = closureOfWhat(expr.what);
  if (own !== undefined) closures.push(own);
  return closures;
}

const NO_CLOSURES: readonly Closure[] = [];

/** Most expressions have none. Asked of each several times: it makes no array. */
export function hasClosures({ what, with: modifiers }: Expr): boolean {
  if (modifiers.length > 0 && hasClosureAmong(termsOfModifiers(modifiers))) return true;
  switch (what.kind) {
    case "every":
    case "body":
      return true;
    case "term":
      return hasClosure(what.term);
    case "call":
      return hasClosureAmong(what.args);
    case "assign":
    case "unify":
      return (
        (what.left.kind !== "var" && hasClosure(what.left)) || (what.right.kind !== "var" && hasClosure(what.right))
      );
    default:
      return hasClosureAmong(termsOfWhat(what));
  }
}

function hasClosureAmong(terms: readonly Term[]): boolean {
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    if (term.kind !== "string" && term.kind !== "var" && hasClosure(term)) return true;
  }
  return false;
}

export function hasClosure(term: Term): boolean {
  switch (term.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
    case "var":
      return false;
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      return true;
    case "ref":
      return (term.head.kind !== "var" && hasClosure(term.head)) || hasClosureAmong(term.path);
    case "array":
    case "set":
      return hasClosureAmong(term.items);
    case "call-term":
      return hasClosureAmong(term.args);
    default:
      return someSubterm(term, hasClosure);
  }
}

export function closuresOfTerm(term: Term): readonly Closure[] {
  if (!hasClosure(term)) return NO_CLOSURES;
  const closures: Closure[] = [];
  collectClosures(term, closures);
  return closures;
}

function collectClosures(term: Term, closures: Closure[]): void {
  if (LEAVES.has(term.kind)) return;
  const own = closureOfTerm(term);
  if (own !== undefined) closures.push(own);
  else for (const part of subterms(term)) collectClosures(part, closures);
}
