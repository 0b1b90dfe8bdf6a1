/** Documents from several paths in one. */
import { isJsonObject, type JsonObject } from "@regomesh/policy-compiler";
import { UsageError } from "../command.ts";

/** Throws UsageError where both have a value at one place, unless it is the same. */
export function mergeData(a: JsonObject, b: JsonObject, path: string): JsonObject {
  const both = new Map(Object.entries(a));
  for (const [key, value] of Object.entries(b)) {
    const present = both.get(key);
    if (present === undefined) both.set(key, value);
    else if (isJsonObject(present) && isJsonObject(value)) both.set(key, mergeData(present, value, `${path}.${key}`));
    else if (JSON.stringify(present) !== JSON.stringify(value))
      throw new UsageError(`${path}.${key} comes from two of the paths`);
  }
  return Object.fromEntries(both);
}
