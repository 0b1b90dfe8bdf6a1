/** `X.rego` and what `opa fmt` makes of it, `X.rego.formatted`; formatting that again changes nothing. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { printDiagnostic } from "@regomesh/base";
import { formatModule } from "@regomesh/policy-compiler";
import type { SuiteCase } from "./suite.ts";

export function readFormatCases(folder: string): readonly SuiteCase[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".rego"));
  return files.sort().map((file) => ({
    id: file,
    note: file,
    run: () => {
      const wanted = readFileSync(join(folder, `${file}.formatted`), "utf8");
      return mismatch(readFileSync(join(folder, file), "utf8"), wanted) ?? mismatch(wanted, wanted);
    },
  }));
}

function mismatch(text: string, wanted: string): string | undefined {
  const formatted = formatModule({ name: "test.rego", text });
  if (formatted.text === undefined) return formatted.diagnostics.map(printDiagnostic).join("\n");
  return formatted.text.trimEnd() === wanted.trimEnd() ? undefined : `got\n${formatted.text}`;
}
