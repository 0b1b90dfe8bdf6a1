/** What our compiler and its modules say of a program. */
import { type Diagnostic, toDiagnosticRecord } from "@regomesh/base";
import { compile, formatModule, type JsonObject, parseJson, type RuntimeModule } from "@regomesh/policy-compiler";
import { type Evaluator, type HostBuiltins, openEvaluator } from "@regomesh/policy-runtime";
import { parseExact } from "../rego/exact.ts";
import type { Program } from "./generate/program.ts";
import type { OpaAnswer, OpaFailure, OpaResponse } from "./opa.ts";

export type Host = { readonly runtime: RuntimeModule; readonly hostBuiltins: HostBuiltins };

/** In the form of OPA's answers. */
export function answerOurs(program: Program, { runtime, hostBuiltins }: Host): OpaResponse {
  const { entrypoints, inputs } = program;
  const unit = { name: "u", modules: program.modules, data: parseJson(program.data) as JsonObject };
  const names = entrypoints.map(pathOf);
  const asked = names.map((name) => ({ unit: unit.name, name }));
  const { module, diagnostics } = compile({ units: [unit], entrypoints: asked, runtime });
  if (module === undefined) return { errors: toFailures(diagnostics) };
  const evaluator = openEvaluator({ wasm: module.wasm, data: program.data, hostBuiltins });
  return { answers: inputs.map((input) => names.map((name) => evaluateOne(evaluator, name, input))) };
}

/** What fmt makes of each module. */
export function formatOurs({ modules }: Program): OpaResponse {
  const formatted = modules.map((module) => [module.name, formatModule(module)] as const);
  const errors = toFailures(formatted.flatMap(([, { diagnostics }]) => diagnostics));
  if (errors.length > 0) return { errors };
  return { formatted: Object.fromEntries(formatted.map(([name, { text = "" }]) => [name, text])) };
}

export function toFailures(diagnostics: readonly Diagnostic[]): readonly OpaFailure[] {
  const records = diagnostics.filter(({ severity }) => severity === "error").map(toDiagnosticRecord);
  return records.map(({ code, message, row, file }) => ({ code, message, row, file }));
}

/** `data.p.r1` as entrypoints are named. */
export function pathOf(ref: string): string {
  return ref.split(".").slice(1).join("/");
}

function evaluateOne(evaluator: Evaluator, name: string, input: string | undefined): OpaAnswer {
  const given = evaluator.evaluate(name, input);
  if (given.kind === "fault") return { error: { code: given.code, message: given.message } };
  const [first] = parseExact(given.text) as readonly { readonly result: unknown }[];
  return first === undefined ? {} : { value: first.result };
}
