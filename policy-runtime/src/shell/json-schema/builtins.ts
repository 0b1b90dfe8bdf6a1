/** json.match_schema and json.verify_schema; the rest of json.* is the module's own. */
import type { HostBuiltins } from "../../host-builtins.ts";
import { makeMatchSchema, verifySchema } from "./json-schema.ts";

export function schemaBuiltins(): HostBuiltins {
  return { "json.match_schema": makeMatchSchema(), "json.verify_schema": verifySchema };
}
