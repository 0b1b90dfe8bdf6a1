/**
 * Which variables an expression binds, given those that are bound already: the brackets of
 * references that iterate, the sides of `=`, the left of `:=`, and a call's extra argument.
 */
import type { Expr, Ref, Term, What } from "../syntax/ast.ts";
import { scalarKey } from "../syntax/ground.ts";
import { patternVariables } from "./scope.ts";
import { subterms, termsOfModifiers, termsOfWhat } from "./tree.ts";

export type Bound = {
  has(name: string): boolean;
};

/** Arguments that a call takes: one more stands for its result. */
export type Arity = (operator: readonly string[]) => number | undefined;

/** Names that are always bound. */
export function isRootName(name: string): boolean {
  return name === "data" || name === "input";
}

export function outputsOf(expr: Expr, bound: ReadonlySet<string>, arity: Arity): ReadonlySet<string> {
  const outputs = new Set<string>();
  const { what, with: modifiers, isNegated } = expr;
  if (isNegated || (modifiers.length > 0 && !areKnown(termsOfModifiers(modifiers), bound, outputs))) return outputs;
  bindRefs(termsOfWhat(what), bound, outputs);
  switch (what.kind) {
    case "unify":
      if (awaits(what.left, bound, outputs) || awaits(what.right, bound, outputs)) return NOTHING;
      bindEquation(what.left, what.right, bound, outputs);
      break;
    case "assign":
      if (awaits(what.right, bound, outputs)) return NOTHING;
      if (isKnown(what.right, bound, outputs) || isClosed(what.right)) {
        bindSides(what.left, what.right, bound, outputs);
      }
      break;
    case "call":
      if (!bindResult(what, bound, outputs, arity)) return NOTHING;
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
function awaits(term: Term, bound: Bound, outputs: ReadonlySet<string>): boolean {
  return term.kind === "call-term" && !isKnown(term, bound, outputs);
}

/** Variables that iterating the references in some terms binds; `bound` are those from elsewhere. */
export function bindRefs(terms: readonly Term[], bound: Bound, outputs: Set<string>): void {
  const iterating = addIterating(terms, undefined);
  if (iterating === undefined) return;
  // A reference may need what another one binds, in either order.
  for (let before = -1; before !== outputs.size; ) {
    before = outputs.size;
    for (const ref of iterating) bindRef(ref, bound, outputs);
  }
}

/** References with patterns in their brackets, outer before inner; most terms have none. */
function addIterating(terms: readonly Term[], found: Ref[] | undefined): Ref[] | undefined {
  let refs = found;
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    switch (term.kind) {
      case "ref":
        if (hasPattern(term.path)) {
          refs ??= [];
          refs.push(term);
        }
        if (term.head.kind !== "var") refs = addIterating([term.head], refs);
        refs = addIterating(term.path, refs);
        break;
      case "array":
      case "set":
        refs = addIterating(term.items, refs);
        break;
      case "call-term":
        refs = addIterating(term.args, refs);
        break;
      case "object":
      case "template":
        refs = addIterating(subterms(term), refs);
        break;
      default:
        break;
    }
  }
  return refs;
}

function hasPattern(path: readonly Term[]): boolean {
  for (let i = 0; i < path.length; i++) {
    const part = path[i] as Term;
    if (part.kind === "set" || isPattern(part)) return true;
  }
  return false;
}

function bindRef({ head, path }: Ref, bound: Bound, outputs: Set<string>): void {
  if (!isKnown(head, bound, outputs)) return;
  for (const part of path) bindParts(part, outputs);
}

function isPattern({ kind }: Term): boolean {
  return kind === "var" || kind === "array" || kind === "object";
}

/** All variables of a term on its own level are bound, or among those that the expression binds. */
export function isKnown(term: Term, bound: Bound, outputs: ReadonlySet<string>): boolean {
  switch (term.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
      return true;
    case "var":
      return isKnownName(term.name, bound, outputs);
    case "ref":
      if (term.head.kind === "var" ? !isKnownName(term.head.name, bound, outputs) : !isKnown(term.head, bound, outputs))
        return false;
      return areKnown(term.path, bound, outputs);
    case "array":
    case "set":
      return areKnown(term.items, bound, outputs);
    case "call-term":
      return areKnown(term.args, bound, outputs);
    default:
      return areKnown(subterms(term), bound, outputs);
  }
}

export function isKnownName(name: string, bound: Bound, outputs: ReadonlySet<string>): boolean {
  return name === "data" || name === "input" || bound.has(name) || outputs.has(name);
}

/** The same of each of some terms. */
export function areKnown(terms: readonly Term[], bound: Bound, outputs: ReadonlySet<string>): boolean {
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    if (term.kind !== "string" && !isKnown(term, bound, outputs)) return false;
  }
  return true;
}

function bindPattern(term: Term, outputs: Set<string>): void {
  if (term.kind === "var") outputs.add(term.name);
  else if (isPattern(term)) for (const { name } of patternVariables(term)) outputs.add(name);
}

/**
 * What OPA takes for bound where a known value meets the term: what is in its sets, too, though these bind nothing when they
 * are evaluated, and match nothing then (plan/unify.ts).
 */
function bindParts(term: Term, outputs: Set<string>): void {
  switch (term.kind) {
    case "var":
      outputs.add(term.name);
      break;
    case "array":
    case "set":
      for (const item of term.items) bindParts(item, outputs);
      break;
    case "object":
      for (const [, value] of term.entries) bindParts(value, outputs);
      break;
    default:
      break;
  }
}

/** `left = right`: what is known on one side binds the other; two arrays or objects go by their parts, if these pair. */
function bindEquation(left: Term, right: Term, bound: Bound, outputs: Set<string>): void {
  for (let before = -1; before !== outputs.size; ) {
    before = outputs.size;
    bindSides(left, right, bound, outputs);
  }
}

function bindSides(left: Term, right: Term, bound: Bound, outputs: Set<string>): void {
  if (left.kind === right.kind && (left.kind === "array" || left.kind === "object")) {
    for (const [a, b] of pairsOf(left, right)) bindSides(a, b, bound, outputs);
  } else {
    if (mayMatch(left, right) && (isKnown(right, bound, outputs) || isClosed(right))) bindSide(left, outputs);
    if (mayMatch(right, left) && (isKnown(left, bound, outputs) || isClosed(left))) bindSide(right, outputs);
  }
}

/** A set by itself is compared. */
function bindSide(term: Term, outputs: Set<string>): void {
  if (isPattern(term)) bindParts(term, outputs);
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

/** `f(x, y)` where f takes one argument binds y. False where its arguments are not known yet. */
function bindResult(
  { operator, args }: Extract<What, { kind: "call" }>,
  bound: Bound,
  outputs: Set<string>,
  arity: Arity,
): boolean {
  const inputs = arity(operator.path);
  if (inputs === undefined || args.length <= inputs) return true;
  for (let i = 0; i < inputs; i++) if (!isTakenAsKnown(args[i] as Term, bound, outputs)) return false;
  for (let i = inputs; i < args.length; i++) bindPattern(args[i] as Term, outputs);
  return true;
}

/** As OPA asks the arguments of a call: not what references begin with, nor sets, keys and closures. */
function isTakenAsKnown(term: Term, bound: Bound, outputs: ReadonlySet<string>): boolean {
  const areTaken = (terms: readonly Term[]): boolean => terms.every((part) => isTakenAsKnown(part, bound, outputs));
  switch (term.kind) {
    case "var":
      return isKnownName(term.name, bound, outputs);
    case "ref":
      return areTaken(term.head.kind === "var" ? term.path : [term.head, ...term.path]);
    case "array":
      return areTaken(term.items);
    case "object":
      return areTaken(term.entries.map(([, value]) => value));
    case "call-term":
      return areTaken(term.args);
    default:
      return true;
  }
}
