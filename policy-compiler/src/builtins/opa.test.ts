/** Signatures against OPA's own list of its built-ins. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { printTypes } from "../types/print-type.ts";
import { type Declaration, parseDeclaration } from "./declaration.ts";
import { BUILTINS } from "./table.ts";

const shared = process.env["REGOMESH_SHARED"] ?? join(import.meta.dirname, "../../../../shared");
const file = join(shared, "rego/builtins.json");

type OpaBuiltin = { readonly name: string; readonly decl: Declaration };

function readBuiltins(): readonly OpaBuiltin[] {
  if (!existsSync(file)) return [];
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly builtins: readonly OpaBuiltin[] }).builtins;
}

describe.skipIf(!existsSync(file))("signatures are OPA's", () => {
  const builtins = readBuiltins();
  const known = builtins.filter(({ name }) => BUILTINS.resolve(name) !== undefined);
  test.each(known.map(({ name, decl }) => [name, decl] as const))("%s", (name, decl) => {
    const own = BUILTINS.resolve(name);
    const { args, result } = parseDeclaration(decl);
    const want = [...args, ...(result === undefined ? [] : [result])];
    expect(printTypes([...(own?.args ?? []), ...(own?.result === undefined ? [] : [own.result])])).toBe(
      printTypes(want),
    );
  });
});
