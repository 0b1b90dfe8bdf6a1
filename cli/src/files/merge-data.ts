/** Documents from several paths in one. */
import type { JsonObject, JsonValue } from "@regomesh/policy-compiler";
import { UsageError } from "../command.ts";

/** Throws UsageError where both have a value at one place, unless it is the same. */
export function mergeData(a: JsonObject, b: JsonObject, path: string): JsonObject {
  const both: Record<string, JsonValue> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const present = both[key];
    if (present === undefined) both[key] = value;
    else if (isObject(present) && isObject(value)) both[key] = mergeData(present, value, `${path}.${key}`);
    else if (JSON.stringify(present) !== JSON.stringify(value))
      throw new UsageError(`${path}.${key} comes from two of the paths`);
  }
  return both;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
