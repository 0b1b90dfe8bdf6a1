/**
 * regorus's own cases: texts for the lexer and the parser, and programs for the interpreter. The wording
 * of its errors is its own; where it wants one, parsing, compiling or evaluating must fail.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasErrors, printDiagnostic } from "@regomesh/base";
import {
  type CompiledModule,
  compileQuery,
  type JsonObject,
  parseModule,
  parseQuery,
  type RegoVersion,
  type RuntimeModule,
  readTokens,
} from "@regomesh/policy-compiler";
import { type Fault, openEvaluator } from "@regomesh/policy-runtime";
import { canonical, parseExact } from "./exact.ts";
import { makeSuiteBuiltins } from "./host.ts";
import type { SuiteCase } from "./suite.ts";

/** Makes a case of each that the files below the folder hold; a case is known by its file and its place in it. */
function readCases<Case extends { readonly note: string }>(
  folder: string,
  run: (each: Case, file: string) => string | undefined,
): readonly SuiteCase[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"));
  return files.sort().flatMap((file) => {
    const { cases } = parseExact(readFileSync(join(folder, file), "utf8")) as { cases: readonly Case[] };
    return cases.map((each, i) => ({ id: `${file}#${i}`, note: each.note, run: () => run(each, file) }));
  });
}

/** A text of blanks only was lost on its way here, and so were the quotes of some tokens. */
type LexerCase = {
  readonly note: string;
  readonly rego: string | null;
  readonly tokens: readonly unknown[] | null;
  readonly error?: string;
};

export function readLexerCases(folder: string): readonly SuiteCase[] {
  return readCases(folder, (each: LexerCase) => {
    const source = { name: "text", text: each.rego ?? "" };
    const { words, fault } = readTokens(source);
    if (each.error !== undefined) {
      const isText = words.length > 1;
      if (fault !== undefined || (isText && hasErrors(parseQuery(source).diagnostics))) return undefined;
      return `got ${words.join(" ")}, wanted an error`;
    }
    if (fault !== undefined) return `got the error ${fault}`;
    const wants = (each.tokens ?? []).map(tokenText);
    if (isMadeOf(wants, words.map(withoutQuotes))) return undefined;
    return `got ${JSON.stringify(words)}, wanted ${JSON.stringify(wants)}`;
  });
}

function tokenText(token: unknown): string {
  if (typeof token === "object" && token !== null && "rawJSON" in token) return String(token.rawJSON);
  return String(token);
}

function withoutQuotes(word: string): string {
  return /^["`]/.test(word) ? word.slice(1, -1) : word;
}

/** Whether each wanted token is one of the words, or several in a row: regorus joins a sign to its number, and `set(`. */
function isMadeOf(wants: readonly string[], words: readonly string[]): boolean {
  let next = 0;
  for (const want of wants) {
    let made = words[next++];
    while (made !== undefined && made !== want && want.startsWith(made) && next < words.length) made += words[next++];
    if (made !== want) return false;
  }
  return next === words.length;
}

type ParserCase = { readonly note: string; readonly rego: string; readonly error?: string };

export function readParserCases(folder: string): readonly SuiteCase[] {
  return readCases(folder, (each: ParserCase) => {
    const { diagnostics } = parseModule({ name: "test.rego", text: each.rego, version: "v0" });
    if (each.error !== undefined) return hasErrors(diagnostics) ? undefined : "parsed, wanted an error";
    return hasErrors(diagnostics) ? diagnostics.map(printDiagnostic).join("\n") : undefined;
  });
}

type InterpreterCase = {
  readonly note: string;
  readonly modules: readonly string[];
  readonly query: string;
  readonly data?: JsonObject;
  readonly input?: unknown;
  readonly want_result?: unknown;
  /** How regorus prints `-0` and an empty set is its own: only their number is compared. */
  readonly want_prints?: readonly string[];
  readonly no_result?: boolean;
  readonly error?: string;
  readonly strict?: boolean;
};

/** Of a query that binds nothing, what its only expression gives. */
const VALUE = "value";

export function readInterpreterCases(folder: string, runtime: RuntimeModule): readonly SuiteCase[] {
  return readCases(folder, (each: InterpreterCase, file) => {
    const version = file === "binding/bindings.json" ? "v1" : "v0";
    const wrong = runInterpreter(each, version, runtime);
    if (each.error === undefined) return wrong;
    return wrong === undefined ? "no error, wanted one" : undefined;
  });
}

/** What is wrong with the case, or that it fails, if that is what it wants. */
function runInterpreter(each: InterpreterCase, version: RegoVersion, runtime: RuntimeModule): string | undefined {
  const bindsNames = /:=|;| = /.test(each.query);
  const query = { name: "query", text: bindsNames ? each.query : `${VALUE} = (${each.query})`, version };
  const modules = each.modules.map((text, i) => ({ name: `test-${i}.rego`, text, version }));
  const { module, diagnostics } = compileQuery({ modules, query, data: each.data ?? {}, runtime });
  if (module === undefined) return diagnostics.map(printDiagnostic).join("\n");
  const prints: string[] = [];
  const gives: string[] = [];
  for (const input of toMany(each.input)) {
    const given = evaluate(module, { input, strict: each.strict ?? true, onPrint: (line) => prints.push(line) });
    if (given.kind === "fault") return given.message;
    gives.push(given.text);
  }
  if (each.error !== undefined) return undefined;
  if (each.want_prints !== undefined && prints.length !== each.want_prints.length) {
    return `printed ${JSON.stringify(prints)}, wanted ${JSON.stringify(each.want_prints)}`;
  }
  const wants = each.no_result
    ? ["[]"]
    : toMany(each.want_result).map((value) => wantedText(value, bindsNames, runtime));
  if (gives.length === wants.length && gives.every((text, i) => isSame(text, wants[i] as string))) return undefined;
  return `got ${gives.join(" and ")}, wanted ${wants.join(" and ")}`;
}

function isSame(a: string, b: string): boolean {
  return canonical(parseExact(a)) === canonical(parseExact(b));
}

/** Several inputs and answers are written as `{"many!": […]}`. */
function toMany(value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null || !("many!" in value)) return [value];
  return value["many!"] as readonly unknown[];
}

type Given = Fault | { readonly kind: "results"; readonly text: string };

function evaluate(
  module: CompiledModule,
  how: { readonly input: unknown; readonly strict: boolean; readonly onPrint: (line: string) => void },
): Given {
  const evaluator = openEvaluator({
    wasm: module.wasm,
    data: module.data,
    hostBuiltins: makeSuiteBuiltins(),
    onPrint: how.onPrint,
  });
  const input = how.input === undefined ? undefined : JSON.stringify(how.input);
  return evaluator.evaluate("eval", input, { strict: how.strict });
}

/** The wanted value as answers of a query: itself a query, so that sets and keys become JSON as they do there. */
function wantedText(value: unknown, bindsNames: boolean, runtime: RuntimeModule): string {
  if (value === "#undefined" || value === undefined) return "[]";
  if (bindsNames) return JSON.stringify([value]);
  const query = { name: "query", text: `${VALUE} = ${toRego(value)}` };
  const { module, diagnostics } = compileQuery({ modules: [], query, runtime });
  if (module === undefined) return diagnostics.map(printDiagnostic).join("\n");
  const given = evaluate(module, { input: undefined, strict: true, onPrint: () => undefined });
  return given.kind === "fault" ? given.message : given.text;
}

/** `{"set!": […]}` is a set, `{"object!": [{key, value}]}` an object of any keys. */
function toRego(value: unknown): string {
  if (typeof value !== "object" || value === null || "rawJSON" in value) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(toRego).join(", ")}]`;
  if ("set!" in value) {
    const items = value["set!"] as readonly unknown[];
    return items.length === 0 ? "set()" : `{${items.map(toRego).join(", ")}}`;
  }
  if ("object!" in value) {
    const entries = value["object!"] as readonly { readonly key: unknown; readonly value: unknown }[];
    return `{${entries.map((entry) => `${toRego(entry.key)}: ${toRego(entry.value)}`).join(", ")}}`;
  }
  return `{${Object.entries(value)
    .map(([key, part]) => `${JSON.stringify(key)}: ${toRego(part)}`)
    .join(", ")}}`;
}
