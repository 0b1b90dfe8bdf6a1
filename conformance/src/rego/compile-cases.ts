/** Modules that must not compile: each error that OPA reports is reported, by its code and its row. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { toDiagnosticRecord } from "@regomesh/base";
import { checkUnit } from "@regomesh/policy-compiler";
import type { SuiteCase } from "./suite.ts";

type CompileCase = {
  readonly note: string;
  readonly modules: readonly string[];
  readonly want_errors: readonly WantedError[];
};
type WantedError = { readonly code: string; readonly row: number; readonly message: string };

const PARSE = "rego_parse_error";

export function readCompileCases(folder: string): readonly SuiteCase[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"));
  return files.sort().flatMap((file) => {
    const { cases } = JSON.parse(readFileSync(join(folder, file), "utf8")) as { cases: readonly CompileCase[] };
    return cases.map((each, i) => ({ id: `${file}#${i}`, note: each.note, run: () => runCase(each) }));
  });
}

/**
 * Several errors of one code in one row count as one: OPA words some faults several times. It
 * also stops at the first statement that it cannot parse, where we go on.
 */
function runCase({ modules, want_errors: wanted }: CompileCase): string | undefined {
  const sources = modules.map((text, i) => ({ name: `test-${i}.rego`, text }));
  const found = checkUnit({ name: "", modules: sources, data: {} }).map(toDiagnosticRecord);
  const stop = wanted.every(({ code }) => code === PARSE) ? Math.max(...wanted.map(({ row }) => row)) : undefined;
  const got = placesOf(found.filter(({ code, row }) => code !== PARSE || stop === undefined || row <= stop));
  const want = placesOf(wanted);
  if (got.join() === want.join()) return undefined;
  const messages = found.map(({ row, message }) => `${row}: ${message}`).join("; ");
  return `got ${got.join(", ") || "no error"} (${messages}), wanted ${want.join(", ")} (${wanted.map(({ message }) => message).join("; ")})`;
}

function placesOf(errors: readonly { readonly code: string; readonly row: number }[]): readonly string[] {
  return [...new Set(errors.map(({ code, row }) => `${code}:${row}`))].sort();
}
