/** Built-ins of the user's own, from files named by --builtins. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { makeOwnBuiltins, type OwnBuiltin, type OwnBuiltins } from "@regomesh/policy-compiler";
import { UsageError } from "../command.ts";

/** Of commands that run or check policies with them. */
export const builtinsFlag = { builtins: { type: "string", multiple: true } } as const;

export const BUILTINS_HELP = `
  --builtins FILE        built-ins of your own: a .ts or .mjs file whose default export is a
                         list of {name, decl, implementation}, decl as in OPA's capabilities
                         (repeatable)`;

/** Runs the files: whoever names one trusts it. */
export async function loadOwnBuiltins(files: readonly string[] | undefined, cwd: string): Promise<OwnBuiltins> {
  const own: OwnBuiltin[] = [];
  for (const file of files ?? []) own.push(...(await readFile(file, cwd)));
  try {
    return makeOwnBuiltins(own);
  } catch (error) {
    throw new UsageError(`--builtins: ${(error as Error).message}`);
  }
}

async function readFile(file: string, cwd: string): Promise<readonly OwnBuiltin[]> {
  let found: { readonly default?: unknown };
  try {
    found = (await import(pathToFileURL(resolve(cwd, file)).href)) as typeof found;
  } catch (error) {
    throw new UsageError(`--builtins ${file}: ${(error as Error).message}`);
  }
  if (Array.isArray(found.default)) return found.default as readonly OwnBuiltin[];
  throw new UsageError(`--builtins ${file}: its default export is no list of {name, decl, implementation}`);
}
