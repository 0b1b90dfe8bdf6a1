/** How large a type is, so that types made of types of types stay small. */
import { ANY, type RegoType } from "./type.ts";

/** A type of more parts than this is `any`: nobody reads such a message, and rules can double it each time. */
const PARTS_MAX = 256;

const sizes = new WeakMap<RegoType, number>();

/** The type, or `any` where it has become too large to be of use. */
export function boundType(type: RegoType): RegoType {
  return sizeOf(type) > PARTS_MAX ? ANY : type;
}

function sizeOf(type: RegoType): number {
  const known = sizes.get(type);
  if (known !== undefined) return known;
  const size = parts(type).reduce((sum, part) => sum + sizeOf(part), 1);
  sizes.set(type, size);
  return size;
}

function parts(type: RegoType): readonly RegoType[] {
  switch (type.kind) {
    case "array":
      return type.rest === undefined ? type.items : [...type.items, type.rest];
    case "set":
      return [type.of];
    case "object": {
      const fields = [...type.fields.values()];
      return type.rest === undefined ? fields : [...fields, type.rest.key, type.rest.value];
    }
    case "union":
      return type.of;
    default:
      return [];
  }
}
