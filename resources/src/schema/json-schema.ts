/** JSON Schema of a document, as users write it: what editors, docs, CRDs and OpenAPI take. */
import { z } from "zod";

export type JsonSchema = { readonly [keyword: string]: unknown };

/**
 * The schema in OpenAPI 3.0's dialect. Durations are texts, defaults are what a user
 * would write, every field has its description.
 */
export function printJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", target: "openapi-3.0" }) as JsonSchema;
}
