/** How large a type is, so that types made of types of types stay small. */
import { ANY, type RegoType } from "./type.ts";

/** A type of more parts than this is `any`: rules can double it each time, and every use reads it. */
const PARTS_MAX = 4096;
/** Rules can nest a type without end; what reads types recurses. */
const DEPTH_MAX = 128;

type Size = { readonly parts: number; readonly depth: number };

const sizes = new WeakMap<RegoType, Size>();

/** The type, or `any` where it has become too large to be of use. */
export function boundType(type: RegoType): RegoType {
  const { parts, depth } = sizeOf(type);
  return parts > PARTS_MAX || depth > DEPTH_MAX ? ANY : type;
}

function sizeOf(type: RegoType): Size {
  if (SIMPLE.has(type.kind)) return ONE;
  const known = sizes.get(type);
  if (known !== undefined) return known;
  let parts = 1;
  let depth = 0;
  for (const part of partsOf(type)) {
    const size = sizeOf(part);
    parts += size.parts;
    depth = Math.max(depth, size.depth);
  }
  const size = { parts, depth: depth + 1 };
  // What has simple parts alone is counted as soon as it is looked up.
  if (depth > 1) sizes.set(type, size);
  return size;
}

const SIMPLE: ReadonlySet<RegoType["kind"]> = new Set(["unknown", "any", "null", "boolean", "number", "string"]);
const ONE: Size = { parts: 1, depth: 1 };

function partsOf(type: RegoType): readonly RegoType[] {
  switch (type.kind) {
    case "array":
      return type.rest === undefined ? type.items : [...type.items, type.rest];
    case "set":
      return [type.of];
    case "object": {
      const fields = type.fields.map((field) => field.type);
      return type.rest === undefined ? fields : [...fields, type.rest.key, type.rest.value];
    }
    case "union":
      return type.of;
    case "function":
      return type.result === undefined ? type.args : [...type.args, type.result];
    default:
      return [];
  }
}
