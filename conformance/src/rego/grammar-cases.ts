/**
 * Sources of a Rego grammar for editors. They parse in one of the two languages, a package before those
 * that have none; but for a few that OPA refuses in both.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasErrors } from "@regomesh/base";
import { parseModule } from "@regomesh/policy-compiler";
import type { SuiteCase } from "./suite.ts";

type GrammarCase = { readonly file: string; readonly name: string; readonly source: string };

/** What OPA refuses, as the notes of the cases say. */
const REFUSED: ReadonlySet<string> = new Set([
  "aliases.txt/Rego alias for package",
  "lookup.txt/array - some...in",
  "lookup.txt/object - check key value",
  "lookup.txt/set - lookup",
  "rules.txt/boolean conditionals",
  "rules.txt/incremental",
  "rules.txt/with keyword",
  "string_interpolation.txt/interpolated string - escape sequences",
]);

export function readGrammarCases(folder: string): readonly SuiteCase[] {
  const { cases } = JSON.parse(readFileSync(join(folder, "sources.json"), "utf8")) as { cases: readonly GrammarCase[] };
  return cases.map(({ file, name, source }, i) => ({
    id: `sources.json#${i}`,
    note: `${file}/${name}`,
    run: () => {
      const isTaken = (["v0", "v1"] as const).some((version) => parses(source, version));
      const isRefused = REFUSED.has(`${file}/${name}`);
      if (isTaken !== isRefused) return undefined;
      return isTaken ? "parsed, which OPA does not" : "parses in neither language";
    },
  }));
}

function parses(source: string, version: "v0" | "v1"): boolean {
  const text = /^\s*package /m.test(source) ? source : `package test\n${source}`;
  return !hasErrors(parseModule({ name: "source.rego", text, version }).diagnostics);
}
