/** The flag that names JSON schemas, the same for every command that checks types. */
import { resolve } from "node:path";
import type { Source } from "@regomesh/base";
import type { Schemas } from "@regomesh/policy-compiler";
import { loadSchemas } from "@regomesh/policy-compiler/node";
import { UsageError } from "../command.ts";
import { reasonOf } from "./read-files.ts";

export const schemaFlag = { schema: { type: "string", short: "s" } } as const;

export const SCHEMA_HELP = `  -s, --schema PATH           JSON schemas: a file is that of input, a folder's a/b.json is
                              schema.a.b, which the schemas of annotations name`;

export async function readSchemas(
  path: string | undefined,
  sources: readonly Pick<Source, "text">[],
  cwd: string,
): Promise<Schemas | undefined> {
  try {
    return await loadSchemas(path === undefined ? undefined : resolve(cwd, path), sources);
  } catch (error) {
    const where = path === undefined || !("code" in (error as Error)) ? "" : ` ${path}:`;
    throw new UsageError(`--schema${where} ${reasonOf(error).replace(`${cwd}/`, "")}`);
  }
}
