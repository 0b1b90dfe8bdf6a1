/**
 * Golden files: what the front end makes of a source, beside the source. After `----- source`
 * comes what is asked for: `----- tree` (parsed), `----- resolved`, `----- diagnostics`.
 * `npx vitest run policy-compiler/test -u` rewrites them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { printDiagnostic } from "@regomesh/base";
import { analyze, parseModule } from "@regomesh/policy-compiler";
import { expect, test } from "vitest";
import { printModule } from "./print-tree.ts";

const folder = join(import.meta.dirname, "golden");

const MAKE: Record<string, (text: string) => string> = {
  tree(text) {
    const { module } = parseModule({ name: "p.rego", text });
    return module === undefined ? "no module" : printModule(module);
  },
  resolved(text) {
    const { module } = parseModule({ name: "p.rego", text });
    const resolved = module === undefined ? undefined : analyze({ modules: [module] }).modules;
    return resolved?.map(printModule).join("\n") ?? "no module";
  },
  diagnostics(text) {
    const { module, diagnostics } = parseModule({ name: "p.rego", text });
    const all = module === undefined ? diagnostics : analyze({ modules: [module] }).diagnostics;
    return all.map(printDiagnostic).join("\n");
  },
};

for (const file of readdirSync(folder).sort()) {
  test(`golden ${file}`, async () => {
    const path = join(folder, file);
    const [, ...parts] = readFileSync(path, "utf8").split(/^----- (\w+)\n/m);
    let source = "";
    let text = "";
    for (let i = 0; i < parts.length; i += 2) {
      const [heading = "", given = ""] = parts.slice(i, i + 2);
      if (heading === "source") source = given;
      const made = heading === "source" ? given : `${MAKE[heading]?.(source.trimEnd()) ?? "?"}\n\n`;
      text += `----- ${heading}\n${made}`;
    }
    await expect(`${text.trimEnd()}\n`).toMatchFileSnapshot(path);
  });
}
