/**
 * Which variables an expression binds, given those that are bound already: the brackets of
 * references that iterate, the sides of `=`, the left of `:=`, and a call's extra argument.
 */
import type { Expr, Ref, Term, What } from "../syntax/ast.ts";
import { patternVariables } from "./scope.ts";
import { eachTerm, someSubterm, termsOfModifiers, termsOfWhat } from "./tree.ts";

export type Bound = {
  has(name: string): boolean;
};

/** Arguments that a call takes: one more stands for its result. */
export type Arity = (operator: readonly string[]) => number | undefined;

/** Names that are always bound. */
export function isRootName(name: string): boolean {
  return name === "data" || name === "input";
}

export function outputsOf(expr: Expr, bound: Bound, arity: Arity): ReadonlySet<string> {
  const outputs = new Set<string>();
  const known: Bound = { has: (name) => outputs.has(name) || bound.has(name) || isRootName(name) };
  if (expr.isNegated || !termsOfModifiers(expr.with).every((value) => isKnown(value, known))) return outputs;
  const { what } = expr;
  bindRefs(termsOfWhat(what), known, outputs);
  switch (what.kind) {
    case "unify":
      if (awaits(what.left, known) || awaits(what.right, known)) return NOTHING;
      bindEquation(what.left, what.right, known, outputs);
      break;
    case "assign":
      if (awaits(what.right, known)) return NOTHING;
      if (isKnown(what.right, known) || isClosed(what.right)) bindSides(what.left, what.right, known, outputs);
      break;
    case "call":
      if (!bindResult(what, known, outputs, arity)) return NOTHING;
      break;
    case "term":
    case "some":
    case "some-in":
    case "every":
    case "body":
      break;
  }
  for (const name of outputs) if (bound.has(name)) outputs.delete(name);
  return outputs;
}

const NOTHING: ReadonlySet<string> = new Set();

/** A call whose result goes somewhere binds nothing before all its arguments are known. */
function awaits(term: Term, known: Bound): boolean {
  return term.kind === "call-term" && !isKnown(term, known);
}

/** Variables that iterating the references in some terms binds. */
export function bindRefs(terms: readonly Term[], known: Bound, outputs: Set<string>): void {
  const iterating: Ref[] = [];
  const note = (part: Term): void => {
    if (part.kind === "ref" && part.path.some(isPattern)) iterating.push(part);
  };
  for (const term of terms) eachTerm(term, note);
  if (iterating.length === 0) return;
  // A reference may need what another one binds, in either order.
  for (let before = -1; before !== outputs.size; ) {
    before = outputs.size;
    for (const ref of iterating) bindRef(ref, known, outputs);
  }
}

function bindRef({ head, path }: Ref, known: Bound, outputs: Set<string>): void {
  if (!isKnown(head, known)) return;
  for (const part of path) {
    if (part.kind === "var") outputs.add(part.name);
    else if (isPattern(part)) bindPattern(part, outputs);
  }
}

function isPattern({ kind }: Term): boolean {
  return kind === "var" || kind === "array" || kind === "object";
}

/** All variables of a term on its own level are bound. */
function isKnown(term: Term, known: Bound): boolean {
  switch (term.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
      return true;
    case "var":
      return known.has(term.name);
    case "ref":
      return isKnown(term.head, known) && areKnown(term.path, known);
    default:
      return !someSubterm(term, (part) => !isKnown(part, known));
  }
}

/** The same of each of some terms. */
export function areKnown(terms: readonly Term[], known: Bound): boolean {
  for (const term of terms) if (term.kind !== "string" && !isKnown(term, known)) return false;
  return true;
}

function bindPattern(term: Term, outputs: Set<string>): void {
  for (const { name } of patternVariables(term)) outputs.add(name);
}

/** `left = right`: what is known on one side binds the other; two arrays or objects go by their parts, if these pair. */
function bindEquation(left: Term, right: Term, known: Bound, outputs: Set<string>): void {
  for (let before = -1; before !== outputs.size; ) {
    before = outputs.size;
    bindSides(left, right, known, outputs);
  }
}

function bindSides(left: Term, right: Term, known: Bound, outputs: Set<string>): void {
  if (left.kind === right.kind && (left.kind === "array" || left.kind === "object")) {
    for (const [a, b] of pairsOf(left, right)) bindSides(a, b, known, outputs);
  } else {
    if (mayMatch(left, right) && (isKnown(right, known) || isClosed(right))) bindPattern(left, outputs);
    if (mayMatch(right, left) && (isKnown(left, known) || isClosed(left))) bindPattern(right, outputs);
  }
}

/** Two arrays of one length, or objects of one size, go by their parts. */
export function pairsOf(left: Term, right: Term): readonly (readonly [Term, Term])[] {
  if (left.kind === "array" && right.kind === "array") {
    if (left.items.length !== right.items.length) return [];
    return left.items.map((item, i) => [item, right.items[i] as Term]);
  }
  if (left.kind !== "object" || right.kind !== "object" || left.entries.length !== right.entries.length) return [];
  const values = new Map(right.entries.map(([key, value]) => [scalarKey(key), value]));
  return left.entries.flatMap(([key, value]): (readonly [Term, Term])[] => {
    const name = scalarKey(key);
    const other = name === undefined ? undefined : values.get(name);
    return other === undefined ? [] : [[value, other]];
  });
}

/** A set is never taken apart: what is unsafe in it is not what stands beside it. */
function isClosed({ kind }: Term): boolean {
  return kind === "set";
}

/** False where the text shows that the value is none of the pattern's form: it binds nothing then, as in OPA. */
function mayMatch(pattern: Term, value: Term): boolean {
  if (pattern.kind !== "array" && pattern.kind !== "object") return true;
  switch (value.kind) {
    case "var":
    case "ref":
    case "call-term":
      return true;
    case "array-comprehension":
      return pattern.kind === "array";
    case "object-comprehension":
    case "set-comprehension":
      return value.kind === "object-comprehension" || pattern.kind === "array";
    default:
      return false;
  }
}

function scalarKey(term: Term): string | undefined {
  switch (term.kind) {
    case "string":
      return JSON.stringify(term.value);
    case "number":
      return term.text;
    case "boolean":
      return String(term.value);
    case "null":
      return "null";
    default:
      return undefined;
  }
}

/** `f(x, y)` where f takes one argument binds y. False where its arguments are not known yet. */
function bindResult(what: Extract<What, { kind: "call" }>, known: Bound, outputs: Set<string>, arity: Arity): boolean {
  const inputs = arity(what.operator.path);
  if (inputs === undefined || what.args.length <= inputs) return true;
  if (!what.args.slice(0, inputs).every((arg) => isKnown(arg, known))) return false;
  for (const arg of what.args.slice(inputs)) bindPattern(arg, outputs);
  return true;
}
