/**
 * The faults that OPA's pages of errors show: each module is refused by the code, and where the page says so at the
 * row and in the words; the others compile, and the query gives what the page says.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasErrors, toDiagnosticRecord } from "@regomesh/base";
import { checkUnit, compileQuery, type RuntimeModule } from "@regomesh/policy-compiler";
import { openEvaluator } from "@regomesh/policy-runtime";
import { makeSuiteBuiltins } from "./host.ts";
import type { SuiteCase } from "./suite.ts";

type ErrorCase = {
  readonly id: string;
  readonly modules: Readonly<Record<string, string>>;
  /** Where OPA refuses it; `none`: nowhere. */
  readonly stage: "parse" | "compile" | "eval" | "none";
  readonly error_code: string | null;
  readonly message_contains: string | null;
  readonly line?: number;
  readonly error_count?: number;
  readonly strict?: boolean;
  readonly query?: string;
  /** Of those that compile: `defined: true`, or that the query is undefined. */
  readonly note?: string;
};

export function readErrorCases(folder: string, runtime: RuntimeModule): readonly SuiteCase[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return files.sort().flatMap((file) => {
    const { cases } = JSON.parse(readFileSync(join(folder, file), "utf8")) as { cases: readonly ErrorCase[] };
    return cases.map((each) => ({ id: `${file}#${each.id}`, note: each.id, run: () => runCase(each, runtime) }));
  });
}

function runCase(each: ErrorCase, runtime: RuntimeModule): string | undefined {
  const modules = Object.entries(each.modules).map(([name, text]) => ({ name, text }));
  const found = checkUnit({ name: "", modules, data: {} }, { strict: each.strict ?? false })
    .filter(({ severity }) => severity === "error")
    .map(toDiagnosticRecord);
  const said = found.map(({ row, code, message }) => `${row}: ${code}: ${message}`).join("; ");
  if (each.stage === "eval" || each.stage === "none") {
    return found.length > 0 ? `got ${said}, wanted none` : answerMismatch(each, modules, runtime);
  }
  const { error_code: code, message_contains: words, line, error_count: count } = each;
  const isOne = (one: (typeof found)[number]): boolean =>
    one.code === code && (line === undefined || one.row === line) && one.message.includes(words ?? "");
  if (!found.some(isOne)) return `got ${said || "no error"}, wanted ${line ?? ""}: ${code}: ${words ?? ""}`;
  return count === undefined || found.length === count ? undefined : `got ${said}, wanted ${count} errors`;
}

function answerMismatch(
  { query = "", error_code: code, note = "" }: ErrorCase,
  modules: readonly { readonly name: string; readonly text: string }[],
  runtime: RuntimeModule,
): string | undefined {
  const { module, diagnostics } = compileQuery({ modules, query: { name: "query", text: query }, runtime });
  if (module === undefined || hasErrors(diagnostics)) return "the query does not compile";
  const evaluator = openEvaluator({ wasm: module.wasm, data: module.data, hostBuiltins: makeSuiteBuiltins() });
  const given = evaluator.evaluate("eval", undefined);
  if (given.kind === "fault") return given.code === code ? undefined : `got ${given.code}, wanted ${code ?? "none"}`;
  if (code !== null) return `got ${given.text}, wanted ${code}`;
  const isDefined = (JSON.parse(given.text) as readonly unknown[]).length > 0;
  return isDefined === note.startsWith("defined") ? undefined : `got ${given.text}, wanted: ${note}`;
}
