/** JSON schemas that modules speak of, and the types they give to documents. */
import type { JsonSchema, SchemaType } from "./schema-type.ts";
import { typeOfSchema } from "./schema-type.ts";

export type Schemas = {
  /** By their place below `schema`, its parts in JSON. Undefined where none were given: then none is looked for. */
  readonly documents: ReadonlyMap<string, unknown> | undefined;
  /** Makes a document a schema; throws, with the reason, where it is none. */
  readonly compile: (document: unknown) => JsonSchema;
};

export function schemaName(path: readonly string[]): string {
  return JSON.stringify(path);
}

/** The type of a schema, or why it has none. */
export function readSchemaType(document: unknown, schemas: Schemas): SchemaType {
  let compiled: JsonSchema;
  try {
    compiled = schemas.compile(document);
  } catch (error) {
    return { fault: `unable to compile the schema: ${(error as Error).message}` };
  }
  const read = typeOfSchema(compiled);
  return "fault" in read ? { fault: `type checking: ${read.fault}` } : read;
}
