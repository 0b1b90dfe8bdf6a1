/** JSON schemas of a file or a folder: `--schema`. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { decodeText, positionAt, type Source } from "@regomesh/base";
import { parse } from "yaml";
import { type Schemas, schemaName } from "../types/schemas.ts";
import { parseJson } from "../unit/json.ts";

/** More than these are no schemas that somebody wrote. */
const FILES_MAX = 5000;

/**
 * One file is the schema of `input`; in a folder `acl/user.json` is `schema.acl.user`. Without a
 * path there are only the schemas that annotations hold, if any of the sources has one.
 * Throws an Error that names the file that is no schema.
 */
export async function loadSchemas(
  path: string | undefined,
  sources: readonly Pick<Source, "text">[],
): Promise<Schemas | undefined> {
  // What reads schemas is much code, and most policies have none.
  if (path === undefined && !sources.some(({ text }) => text.includes("schemas:"))) return undefined;
  const { compileSchema } = await import("@regomesh/policy-runtime/json-schema");
  if (path === undefined) return { documents: undefined, compile: compileSchema };
  const documents = new Map<string, unknown>();
  if (!(await stat(path)).isDirectory()) {
    const document = await readSchema(path);
    try {
      compileSchema(document);
    } catch (cause) {
      throw new Error(`${path}: ${(cause as Error).message}`, { cause });
    }
    documents.set(schemaName([]), document);
    return { documents, compile: compileSchema };
  }
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  if (files.length > FILES_MAX)
    throw new Error(`${path}: more than ${FILES_MAX} files: name the folder of the schemas`);
  for (const file of files) documents.set(schemaName(placeOf(relative(path, file))), await readSchema(file));
  return { documents, compile: compileSchema };
}

/** The file's path without its extension, in parts. */
function placeOf(file: string): readonly string[] {
  const parts = file.split(sep);
  const last = parts.at(-1) ?? "";
  const dot = last.lastIndexOf(".");
  return [...parts.slice(0, -1), dot < 0 ? last : last.slice(0, dot)];
}

async function readSchema(file: string): Promise<unknown> {
  const { text, illegalAt } = decodeText(await readFile(file));
  if (illegalAt !== undefined) {
    const { row, column } = positionAt({ name: file, text }, illegalAt);
    throw new Error(`${file}:${row}:${column}: illegal utf-8 character`);
  }
  try {
    return parseSchema(text, file.endsWith(".json"));
  } catch (cause) {
    throw new Error(`${file}: ${(cause as Error).message.split("\n")[0]}`, { cause });
  }
}

/** Whatever the file's name, what is no JSON is YAML, as OPA has it; a byte order mark, too. */
function parseSchema(text: string, isNamedJson: boolean): unknown {
  let notJson: unknown;
  try {
    return parseJson(text);
  } catch (cause) {
    notJson = cause;
  }
  try {
    return parse(text) as unknown;
  } catch (cause) {
    throw isNamedJson ? notJson : cause;
  }
}
