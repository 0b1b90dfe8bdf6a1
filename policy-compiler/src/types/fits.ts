/** Whether two types can have a value in common. What is unknown has none; in doubt they can. */
import { selectType } from "./select.ts";
import {
  type ArrayType,
  type FunctionType,
  isUnknown,
  type ObjectRest,
  type ObjectType,
  openType,
  type RegoType,
} from "./type.ts";

export function fits(a: RegoType, b: RegoType): boolean {
  if (a === b) return !isUnknown(a);
  // Two types that hold themselves: following both need not end.
  if (a.kind === "recursive") return b.kind === "recursive" || fitsOpen(openType(a), b);
  return fitsOpen(a, b.kind === "recursive" ? openType(b) : b);
}

function fitsOpen(a: RegoType, b: RegoType): boolean {
  if (a.kind === "unknown" || b.kind === "unknown") return false;
  if (a.kind === "any") return b.kind !== "function";
  if (b.kind === "any") return a.kind !== "function";
  if (a.kind === "union") return a.of.some((member) => fits(member, b));
  if (b.kind === "union") return b.of.some((member) => fits(a, member));
  if (a.kind === "array" && b.kind === "array") return arraysFit(a, b);
  if (a.kind === "object" && b.kind === "object") return objectsFit(a, b);
  if (a.kind === "function" && b.kind === "function") return functionsFit(a, b);
  // The empty set is one of every type of sets.
  if (a.kind === "set" && b.kind === "set") return isUnknown(a.of) || isUnknown(b.of) || fits(a.of, b.of);
  return a.kind === b.kind;
}

function arraysFit(a: ArrayType, b: ArrayType): boolean {
  if (!itemsFit(a, b) || !itemsFit(b, a)) return false;
  return a.rest === undefined || b.rest === undefined || fits(a.rest, b.rest);
}

function itemsFit(a: ArrayType, b: ArrayType): boolean {
  return a.items.every((item, i) => {
    const other = b.items[i] ?? b.rest;
    return other !== undefined && fits(item, other);
  });
}

function objectsFit(a: ObjectType, b: ObjectType): boolean {
  if (!fieldsFit(a, b) || !fieldsFit(b, a)) return false;
  return !hasRest(a) || !hasRest(b) || fits(a.rest.value, b.rest.value);
}

/** Of keys that are not constant something is known. */
function hasRest(type: ObjectType): type is ObjectType & { readonly rest: ObjectRest } {
  return type.rest !== undefined && !isUnknown(type.rest.value);
}

function fieldsFit(a: ObjectType, b: ObjectType): boolean {
  return a.fields.every(({ key, type }) => {
    const other = selectType(b, key);
    if (isUnknown(other)) return hasRest(a) || hasRest(b);
    return fits(type, other);
  });
}

function functionsFit(a: FunctionType, b: FunctionType): boolean {
  return a.args.length === b.args.length && a.args.every((arg, i) => fits(arg, b.args[i] as RegoType));
}
