/** Types of collections, kept within bounds. */
import { compareKeys } from "./compare-types.ts";
import type { Field, ObjectRest, RegoType } from "./type.ts";
import { boundType } from "./type-size.ts";

export function makeArrayType(items: readonly RegoType[], rest?: RegoType): RegoType {
  return boundType({ kind: "array", items, rest: rest?.kind === "unknown" ? undefined : rest });
}

export function makeSetType(of: RegoType): RegoType {
  return boundType({ kind: "set", of });
}

/** Of several fields with one key the last counts. */
export function makeObjectType(fields: readonly Field[], rest?: ObjectRest): RegoType {
  const sorted = fields.length < 2 ? fields : [...fields].sort((a, b) => compareKeys(a.key, b.key));
  const unique = sorted.filter(({ key }, i) => {
    const next = sorted[i + 1];
    return next === undefined || compareKeys(key, next.key) !== 0;
  });
  return boundType({ kind: "object", fields: unique, rest });
}
