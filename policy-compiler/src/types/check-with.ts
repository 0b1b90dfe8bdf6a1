/**
 * Under `with` a document may also be of its replacement's type, and of rules that depend on it
 * nothing is known; a function's replacement must take what the function takes.
 */
import type { Expr, Term, With } from "../resolved/ast.ts";
import { printPath } from "../syntax/print-term.ts";
import { typeOfFunction } from "./check-arguments.ts";
import type { Checker } from "./checker.ts";
import { constantKey } from "./constant.ts";
import { fits } from "./fits.ts";
import { printTypes } from "./print-type.ts";
import { ANY, type FieldKey, type FunctionType, isUnknown, type RegoType } from "./type.ts";
import { type Documents, isRoot, type TypeEnv, typeOf, typeOfRef } from "./type-env.ts";
import { makeTree, putType } from "./type-tree.ts";
import { makeUnion } from "./union.ts";

/** The environment of an expression with modifiers; variables that it infers are those around it. */
export function replaceTypes(expr: Expr, env: TypeEnv, checker: Checker): TypeEnv {
  let documents = env.documents;
  const replaced: (readonly [readonly FieldKey[], RegoType])[] = [];
  for (const { target, value } of expr.with) {
    const root = target.head.kind === "var" ? target.head.name : "";
    if (!isRoot(root)) continue;
    const type = typeOfRef(target, env);
    const tree = checker.relaxed([root, ...namesOf(target.path)]);
    if (tree !== undefined) documents = { tree, next: documents };
    if (type.kind === "function") continue;
    const path: FieldKey[] = [root];
    for (const part of target.path) {
      const key = constantKey(part);
      if (key === undefined) break;
      path.push(key);
    }
    replaced.push([path, path.length <= target.path.length ? ANY : eitherType(type, typeOf(value, env))]);
  }
  if (replaced.length === 0) return documents === env.documents ? env : { ...env, documents };
  const tree = makeTree();
  for (const [path, type] of replaced) putType(tree, path, type);
  const layered: Documents = { tree, next: documents };
  return { ...env, documents: layered };
}

function eitherType(type: RegoType, value: RegoType): RegoType {
  if (isUnknown(type) || isUnknown(value)) return ANY;
  const either = makeUnion([type, value]);
  return isUnknown(either) ? ANY : either;
}

function namesOf(path: readonly Term[]): readonly string[] {
  const names: string[] = [];
  for (const part of path) {
    if (part.kind !== "string") break;
    names.push(part.value);
  }
  return names;
}

export function checkReplacements(expr: Expr, env: TypeEnv, checker: Checker): void {
  for (const modifier of expr.with) checkReplacement(modifier, env, checker);
}

/** Of a body that is not checked otherwise: OPA calls such a replacement with what it does not take, and panics. */
export function checkArities(modifiers: readonly With[], env: TypeEnv, checker: Checker): void {
  for (const modifier of modifiers) {
    checkReplacement(modifier, env, checker, (wanted, given) => wanted.args.length === given.args.length);
  }
}

function checkReplacement(
  { target, value, at }: With,
  env: TypeEnv,
  checker: Checker,
  isFit: (wanted: FunctionType, given: FunctionType) => boolean = fits,
): void {
  const wanted = functionNamed(target, env, checker);
  const given = value.kind === "ref" ? functionNamed(value, env, checker) : undefined;
  if (wanted?.type.kind !== "function" || given?.type.kind !== "function" || isFit(wanted.type, given.type)) return;
  const have = printTypes(given.type.args);
  const want = printTypes(wanted.type.args);
  const message = `${printPath(wanted.path)}: arity mismatch: have ${have}, want ${want}`;
  checker.diagnostics.push(checker.problem(at, message, `${printPath(given.path)} takes other arguments`));
}

type Named = { readonly path: readonly string[]; readonly type: RegoType };

function functionNamed(term: Extract<Term, { kind: "ref" }>, env: TypeEnv, checker: Checker): Named | undefined {
  if (term.head.kind !== "var" || term.head.name === "input") return undefined;
  const names = namesOf(term.path);
  if (names.length < term.path.length) return undefined;
  const path = [term.head.name, ...names];
  return { path, type: typeOfFunction(path, env, checker) };
}
