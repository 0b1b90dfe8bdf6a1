/**
 * What an equation or a call tells of its terms: variables get types, and what already has one
 * must fit. Variables that stand where a type has several members may be of each.
 */
import type { Term } from "../resolved/ast.ts";
import { inInsertionOrder, insertionOrder } from "../resolved/object-order.ts";
import { keyName } from "./compare-types.ts";
import { constantKey } from "./constant.ts";
import { fits } from "./fits.ts";
import { selectType } from "./select.ts";
import { ANY, type ArrayType, hasUnknown, isUnknown, type ObjectType, openType, type RegoType } from "./type.ts";
import { type TypeEnv, typeOf, typeOfVariable } from "./type-env.ts";
import { unionOf } from "./union.ts";

type Terms<Kind extends Term["kind"]> = Extract<Term, { kind: Kind }>;

/** Infers the variables of a term that is to be of a type; false where it can't be. */
export function infer(term: Term, type: RegoType, env: TypeEnv, isOneOfSeveral = false): boolean {
  switch (term.kind) {
    case "var":
      return inferVariable(term.name, type, env, isOneOfSeveral);
    case "array":
    case "object":
    case "set":
      return inferCollection(term, openType(type), env, isOneOfSeveral);
    default:
      return fits(typeOf(term, env), type);
  }
}

function inferVariable(name: string, type: RegoType, env: TypeEnv, isOneOfSeveral: boolean): boolean {
  const known = typeOfVariable(name, env);
  if (isOneOfSeveral) env.vars.set(name, unionOf(known, type));
  else if (!isUnknown(known)) return fits(known, type);
  else env.vars.set(name, type);
  return true;
}

function inferCollection(
  term: Terms<"array" | "object" | "set">,
  type: RegoType,
  env: TypeEnv,
  isOneOfSeveral: boolean,
): boolean {
  if (type.kind === "any") {
    for (const part of partsOf(term)) infer(part, ANY, env, true);
    return true;
  }
  if (type.kind === "union") return type.of.map((member) => infer(term, member, env, true)).some(Boolean);
  if (term.kind === "array") return type.kind === "array" && inferItems(term, type, env, isOneOfSeveral);
  if (term.kind === "object") return type.kind === "object" && inferFields(term, type, env, isOneOfSeveral);
  if (type.kind !== "set") return false;
  return insertionOrder(term.items).every((i) => infer(term.items[i] as Term, type.of, env, isOneOfSeveral));
}

function partsOf(term: Terms<"array" | "object" | "set">): readonly Term[] {
  return term.kind === "object" ? term.entries.flat() : term.items;
}

function inferItems(term: Terms<"array">, type: ArrayType, env: TypeEnv, isOneOfSeveral: boolean): boolean {
  if (term.items.length !== type.items.length && type.rest === undefined) return false;
  return term.items.every((item, i) => {
    const of = type.items[i] ?? type.rest;
    return of !== undefined && infer(item, of, env, isOneOfSeveral);
  });
}

function inferFields(term: Terms<"object">, type: ObjectType, env: TypeEnv, isOneOfSeveral: boolean): boolean {
  if (term.entries.length !== type.fields.length && type.rest === undefined) return false;
  // In OPA's order of terms: those before the first that does not fit have told of their variables.
  return inInsertionOrder(term.entries).every(([key, value]) => {
    const constant = constantKey(key);
    if (constant === undefined) {
      // Any of the fields may be meant.
      infer(value, ANY, env, isOneOfSeveral);
      return true;
    }
    const of = selectType(type, constant);
    return !isUnknown(of) && infer(value, of, env, isOneOfSeveral);
  });
}

/** Infers the variables of two terms that are to be equal; false where they can't be. */
export function equate(a: Term, b: Term, env: TypeEnv): boolean {
  return equateTypes(a, typeOf(a, env), b, typeOf(b, env), env);
}

/** The same of terms whose types are known. */
export function equateTypes(a: Term, typeA: RegoType, b: Term, typeB: RegoType, env: TypeEnv): boolean {
  const isOpenA = hasUnknown(typeA);
  const isOpenB = hasUnknown(typeB);
  if (isOpenA && !isOpenB) return infer(a, typeB, env);
  if (isOpenB && !isOpenA) return infer(b, typeA, env);
  if (!isOpenA) return fits(typeA, typeB);
  const settled = equateOpen(a, b, env) ?? equateOpen(b, a, env);
  if (settled !== undefined) return settled;
  // What is known of one side's structure is known of the other.
  if (a.kind === "var" && isUnknown(typeA) && !isUnknown(typeB)) return infer(a, typeB, env);
  if (b.kind === "var" && isUnknown(typeB) && !isUnknown(typeA)) return infer(b, typeA, env);
  return false;
}

/** Where both sides have something unknown; undefined where the forms of the terms tell nothing. */
function equateOpen(a: Term, b: Term, env: TypeEnv): boolean | undefined {
  if (b.kind === "var" && (a.kind === "array" || a.kind === "object" || a.kind === "var")) {
    return infer(a, ANY, env) && infer(b, typeOf(a, env), env);
  }
  if (b.kind === "var" && a.kind === "ref") return infer(b, ANY, env);
  if (a.kind === "array" && b.kind === "array") {
    return a.items.length === b.items.length && a.items.every((item, i) => equate(item, b.items[i] as Term, env));
  }
  if (a.kind === "object" && b.kind === "object") return equateObjects(a, b, env);
  return undefined;
}

function equateObjects(a: Terms<"object">, b: Terms<"object">, env: TypeEnv): boolean {
  if (a.entries.length !== b.entries.length) return false;
  const others = new Map(b.entries.map(([key, value]) => [keyText(key), value]));
  return inInsertionOrder(a.entries).every(([key, value]) => {
    const other = others.get(keyText(key));
    return other !== undefined && equate(value, other, env);
  });
}

/** Keys are the same term: a constant, or one variable, which no constant is named as. */
function keyText(key: Term): string {
  const constant = constantKey(key);
  if (constant !== undefined) return keyName(constant);
  const text =
    key.kind === "var" ? key.name : JSON.stringify(key, (name, part: unknown) => (name === "at" ? undefined : part));
  return `\0\0${text}`;
}

/** Infers what a term found in a collection can be; false where it is never a member. */
export function inferMember(term: Term, of: RegoType, env: TypeEnv): boolean {
  if (hasUnknown(of)) return true;
  const have = typeOf(term, env);
  if (!hasUnknown(have) && !fits(have, of)) return false;
  return infer(term, of, env);
}
