/**
 * Rego's static types, as OPA's type checker has them. `unknown` is the type of what has not been
 * inferred yet (or holds such a thing): it fits nothing, where `any` fits everything.
 */
export type RegoType =
  | { readonly kind: "unknown" | "any" | "null" | "boolean" | "number" | "string" }
  | ArrayType
  | SetType
  | ObjectType
  | UnionType
  | FunctionType
  | RecursiveType;

/** `items` by place, then any number of `rest`. With neither it is the empty array. */
export type ArrayType = {
  readonly kind: "array";
  readonly items: readonly RegoType[];
  readonly rest: RegoType | undefined;
};

/** Of `unknown` is the empty set. */
export type SetType = { readonly kind: "set"; readonly of: RegoType };

/** `fields` in the order of their keys (all there), then any number of `key: value`. With neither it is the empty object. */
export type ObjectType = {
  readonly kind: "object";
  readonly fields: readonly Field[];
  readonly rest: ObjectRest | undefined;
};

export type ObjectRest = { readonly key: RegoType; readonly value: RegoType };

export type Field = { readonly key: FieldKey; readonly type: RegoType };

/** A string, or another constant as JSON text, with its type. */
export type FieldKey = string | { readonly text: string; readonly type: RegoType };

/** Two members or more in order (`compareTypes`), none of them `any`, `unknown` or a union. */
export type UnionType = { readonly kind: "union"; readonly of: readonly RegoType[] };

export type FunctionType = {
  readonly kind: "function";
  readonly args: readonly RegoType[];
  /** Undefined where a call gives no value. */
  readonly result: RegoType | undefined;
  /** Takes any number of arguments. */
  readonly isVariadic: boolean;
};

/** A type that holds itself: what a JSON schema says by a `$ref` to what contains it. */
export type RecursiveType = { readonly kind: "recursive"; readonly name: string; readonly open: () => RegoType };

export const UNKNOWN: RegoType = { kind: "unknown" };
export const ANY: RegoType = { kind: "any" };
export const NULL: RegoType = { kind: "null" };
export const BOOLEAN: RegoType = { kind: "boolean" };
export const NUMBER: RegoType = { kind: "number" };
export const STRING: RegoType = { kind: "string" };

/** What any object is: fields that nothing is known of. */
export const ANY_REST: ObjectRest = { key: ANY, value: ANY };

/** The type itself, where it may be one that holds itself. */
export function openType(type: RegoType): Exclude<RegoType, RecursiveType> {
  let opened = type;
  while (opened.kind === "recursive") opened = opened.open();
  return opened;
}

export function isUnknown(type: RegoType): boolean {
  return type.kind === "unknown";
}

/** True where the type, or a part of it, has not been inferred: the empty set's members are such a part. */
export function hasUnknown(type: RegoType): boolean {
  if (SIMPLE.has(type.kind)) return type.kind === "unknown";
  const known = unknown.get(type);
  if (known !== undefined) return known;
  const found = findUnknown(type);
  unknown.set(type, found);
  return found;
}

const SIMPLE: ReadonlySet<RegoType["kind"]> = new Set(["unknown", "any", "null", "boolean", "number", "string"]);
/** A large type is asked again and again. */
const unknown = new WeakMap<RegoType, boolean>();

function findUnknown(type: RegoType): boolean {
  switch (type.kind) {
    case "array":
      return type.items.some(hasUnknown) || (type.rest !== undefined && hasUnknown(type.rest));
    case "set":
      return hasUnknown(type.of);
    case "object":
      if (type.fields.some((field) => hasUnknown(field.type))) return true;
      return type.rest !== undefined && (hasUnknown(type.rest.key) || hasUnknown(type.rest.value));
    case "function":
      return type.args.some(hasUnknown);
    default:
      return false;
  }
}

export function hasNoMembers(type: RegoType): boolean {
  const opened = openType(type);
  switch (opened.kind) {
    case "array":
      return opened.items.length === 0 && opened.rest === undefined;
    case "set":
      return isUnknown(opened.of);
    case "object":
      return opened.fields.length === 0 && opened.rest === undefined;
    default:
      return false;
  }
}
