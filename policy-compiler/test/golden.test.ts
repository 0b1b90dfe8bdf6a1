/**
 * Golden files: what the front end makes of a source, beside the source. After `----- source`
 * comes what is asked for: `----- tree` (parsed), `----- resolved`, `----- diagnostics`, `----- plan`
 * (of the rule `data.p.allow`), `----- core`, and core after one pass alone, by the pass's name.
 * `npx vitest run policy-compiler/test -u` rewrites them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { printDiagnostic } from "@regomesh/base";
import { analyze, parseModule, toUnit } from "@regomesh/policy-compiler";
import { expect, test } from "vitest";
import { planRequest } from "../src/compile.ts";
import { coreOf } from "../src/core/from-ir.ts";
import { printCore } from "../src/core/print.ts";
import type { IrPolicy } from "../src/ir/policy.ts";
import { printPolicy } from "../src/ir/print.ts";
import { optimize, PASSES } from "../src/optimize/passes.ts";
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
  plan: (text) => printPolicy(planOf(text)),
  core: (text) => printCore(coreOf(planOf(text))),
  ...Object.fromEntries(PASSES.map(({ name }) => [name, (text: string) => afterPass(text, name)])),
};

/** Built-ins that the runtime brings, as far as these sources call them. */
const inRuntime = (name: string): boolean => name !== "http.send";

/** Passes that come behind `values` rest on it. */
function afterPass(text: string, name: string): string {
  const module = coreOf(planOf(text));
  const names: readonly string[] = PASSES.map((pass) => pass.name);
  const before = names.indexOf(name) > names.indexOf("values") ? ["input-slots", "values"] : [];
  optimize(module, inRuntime, new Set(names.filter((other) => other !== name && !before.includes(other))));
  return printCore(module);
}

function planOf(text: string): IrPolicy {
  const { unit } = toUnit({ name: "u", directory: "", files: [{ name: "p.rego", text }] });
  const { policy } = planRequest({ units: [unit], entrypoints: [{ unit: "u", name: "p/allow" }] });
  return policy ?? {};
}

for (const file of readdirSync(folder).sort()) {
  test(`golden ${file}`, async () => {
    const path = join(folder, file);
    const [, ...parts] = readFileSync(path, "utf8").split(/^----- ([\w-]+)\n/m);
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
