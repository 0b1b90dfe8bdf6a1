/** Whether two types can have a value in common. In doubt they can: only what is certainly wrong is refused. */
import { ANY, makeUnion, NUMBER, type RegoType, STRING } from "./type.ts";

export function overlaps(a: RegoType, b: RegoType): boolean {
  if (a.kind === "any" || b.kind === "any") return true;
  if (a.kind === "union") return a.of.some((member) => overlaps(member, b));
  if (b.kind === "union") return b.of.some((member) => overlaps(a, member));
  if (a.kind === "array" && b.kind === "array") return arraysOverlap(a, b);
  if (a.kind === "object" && b.kind === "object") return objectsOverlap(a, b);
  return a.kind === b.kind;
}

type ArrayType = Extract<RegoType, { kind: "array" }>;
type ObjectType = Extract<RegoType, { kind: "object" }>;

function arraysOverlap(a: ArrayType, b: ArrayType): boolean {
  if (a.rest === undefined && b.rest === undefined && a.items.length !== b.items.length) return false;
  if (a.rest === undefined && a.items.length < b.items.length) return false;
  if (b.rest === undefined && b.items.length < a.items.length) return false;
  const length = Math.max(a.items.length, b.items.length);
  for (let i = 0; i < length; i++) {
    if (!overlaps(a.items[i] ?? a.rest ?? ANY, b.items[i] ?? b.rest ?? ANY)) return false;
  }
  return true;
}

function objectsOverlap(a: ObjectType, b: ObjectType): boolean {
  return fieldsFit(a, b) && fieldsFit(b, a);
}

/** Each field of `a` can be one of `b`. */
function fieldsFit(a: ObjectType, b: ObjectType): boolean {
  for (const [name, type] of a.fields) {
    const other =
      b.fields.get(name) ?? (b.rest !== undefined && overlaps(STRING, b.rest.key) ? b.rest.value : undefined);
    if (other === undefined || !overlaps(type, other)) return false;
  }
  return true;
}

/** The type of `value[key]`; `any` where nothing is known. */
export function elementType(value: RegoType, key: string | number | undefined): RegoType {
  switch (value.kind) {
    case "array": {
      if (typeof key === "number") return value.items[key] ?? value.rest ?? ANY;
      if (key !== undefined) return ANY;
      return makeUnion(value.rest === undefined ? value.items : [...value.items, value.rest]);
    }
    case "object": {
      if (typeof key === "string") return value.fields.get(key) ?? value.rest?.value ?? ANY;
      if (key !== undefined) return value.rest?.value ?? ANY;
      const fields = [...value.fields.values()];
      return makeUnion(value.rest === undefined ? fields : [...fields, value.rest.value]);
    }
    case "set":
      return value.of;
    case "union": {
      // Members that have no elements are undefined there; one that might be anything says nothing.
      const having = value.of.filter(({ kind }) => kind === "array" || kind === "object" || kind === "set");
      return having.length === 0 ? ANY : makeUnion(having.map((member) => elementType(member, key)));
    }
    default:
      return ANY;
  }
}

/** The type of the keys that iterating a value gives. */
export function keyType(value: RegoType): RegoType {
  switch (value.kind) {
    case "array":
      return NUMBER;
    case "set":
      return value.of;
    case "object":
      return makeUnion([
        ...(value.fields.size > 0 ? [STRING] : []),
        ...(value.rest === undefined ? [] : [value.rest.key]),
      ]);
    default:
      return ANY;
  }
}
