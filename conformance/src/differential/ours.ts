/** What our compiler and its modules say of a program. */
import { type Diagnostic, toDiagnosticRecord } from "@regomesh/base";
import {
  compile,
  emitModule,
  formatModule,
  type JsonObject,
  type PassName,
  parseJson,
  planRequest,
  type RegoSource,
  type RuntimeModule,
  V0_LANGUAGE,
} from "@regomesh/policy-compiler";
import { type Evaluator, type HostBuiltins, openEvaluator } from "@regomesh/policy-runtime";
import { parseExact } from "../rego/exact.ts";
import type { Program } from "./generate/program.ts";
import type { OpaAnswer, OpaFailure, OpaResponse } from "./opa.ts";

export type Host = {
  readonly runtime: RuntimeModule;
  readonly hostBuiltins: HostBuiltins;
  /** Without this pass, too: where the two differ is a fault of its own. */
  readonly without?: PassName | undefined;
  readonly isStrict?: boolean;
};

/** In the form of OPA's answers. */
export function answerOurs(program: Program, { runtime, hostBuiltins, without, isStrict = false }: Host): OpaResponse {
  const { entrypoints, inputs } = program;
  const unit = { name: "u", modules: sourcesOf(program), data: parseJson(program.data) as JsonObject };
  const names = entrypoints.map(pathOf);
  const asked = names.map((name) => ({ unit: unit.name, name }));
  const { module, diagnostics } = compile({ units: [unit], entrypoints: asked, runtime, errorsEnd: isStrict });
  if (module === undefined) return { errors: toFailures(diagnostics) };
  const evaluator = openEvaluator({ wasm: module.wasm, data: program.data, hostBuiltins });
  const { policy } = without ? planRequest({ units: [unit], entrypoints: asked, errorsEnd: isStrict }) : {};
  const wasm = policy && without && emitModule({ ir: policy, runtime, without: new Set([without]) });
  const plain = wasm && openEvaluator({ wasm, data: program.data, hostBuiltins });
  const evaluate = (name: string, input: string | undefined): OpaAnswer => {
    const answer = evaluateOne(evaluator, name, input, isStrict);
    const difference =
      plain && differenceOf(traceOf(evaluator, name, input, isStrict), traceOf(plain, name, input, isStrict));
    return difference === undefined ? answer : { error: { code: "pass_differs", message: difference } };
  };
  return { answers: inputs.map((input) => names.map((name) => evaluate(name, input))) };
}

/** Everything that an evaluation says, as text. */
export function traceOf(evaluator: Evaluator, name: string, input: string | undefined, strict: boolean): string {
  const given = evaluator.evaluate(name, input, { strict });
  if (given.kind === "fault") return JSON.stringify([given.code, given.builtinErrors]);
  const fired = evaluator.firedRules().map(({ row, column }) => `${row}:${column}`);
  return JSON.stringify([given.text, given.builtinErrors, fired]);
}

/** Its modules, each of the version of Rego that the program is of. */
export function sourcesOf({ modules, version = "v1" }: Program): readonly RegoSource[] {
  const language = version === "v0" ? V0_LANGUAGE : undefined;
  return modules.map((module) => ({ ...module, version, language }));
}

function differenceOf(full: string, plain: string): string | undefined {
  return full === plain ? undefined : `${full} with the pass, ${plain} without`;
}

/** What fmt makes of each module. */
export function formatOurs(program: Program): OpaResponse {
  const formatted = sourcesOf(program).map((module) => [module.name, formatModule(module)] as const);
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

export function evaluateOne(evaluator: Evaluator, name: string, input: string | undefined, strict: boolean): OpaAnswer {
  const given = evaluator.evaluate(name, input, { strict });
  if (given.kind === "fault") return { error: { code: given.code, message: given.message } };
  const [first] = parseExact(given.text) as readonly { readonly result: unknown }[];
  return first === undefined ? {} : { value: first.result };
}
