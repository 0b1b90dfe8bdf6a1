/**
 * OPA's own plans of its compliance cases, run on our back end alone: under our evaluator, the
 * interpreter, and, where a stock SDK can express the case, the npm SDK, with the same results.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { emitModule, type IrPolicy, type RuntimeModule, readBaseDocuments } from "@regomesh/policy-compiler";
import { type HostBuiltins, openEvaluator } from "@regomesh/policy-runtime";
import type { BuiltinCaller } from "../interpreter/builtins.ts";
import { interpretedMismatch } from "../interpreter/compare.ts";
import { mismatch, type Wanted } from "./compare.ts";
import { parseExact } from "./exact.ts";
import { canAskSdk, sdkMismatch } from "./sdk.ts";
import type { Tally } from "./suite.ts";

export type PlanCase = {
  /** `category/file.json#place` */
  readonly id: string;
  readonly note: string;
  readonly plan: IrPolicy;
  readonly entrypoint: string;
  /** JSON text. */
  readonly data: string;
  readonly input: string | undefined;
  readonly inputIsRego: boolean;
  readonly strict: boolean;
  readonly wanted: Wanted;
};

type RawCase = {
  readonly note: string;
  readonly plan: IrPolicy;
  readonly entrypoints: readonly string[];
  readonly strict_error?: boolean;
  readonly sort_bindings?: boolean;
  readonly want_error?: string;
  readonly want_error_code?: string;
  readonly input_term?: string;
};
type ExactCase = { readonly data?: unknown; readonly input?: unknown; readonly want_plan_result?: readonly unknown[] };

export function readPlanCases(folder: string): readonly PlanCase[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"));
  return files.sort().flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    const { cases } = JSON.parse(text) as { cases: readonly RawCase[] };
    const exact = (parseExact(text) as { cases: readonly ExactCase[] }).cases;
    return cases.map((raw, i) => caseOf(`${file}#${i}`, raw, exact[i] as ExactCase));
  });
}

function caseOf(id: string, raw: RawCase, exact: ExactCase): PlanCase {
  return {
    id,
    note: raw.note,
    plan: readBaseDocuments(raw.plan),
    entrypoint: raw.entrypoints[0] ?? "eval",
    data: exact.data === undefined ? "{}" : JSON.stringify(exact.data),
    input: raw.input_term ?? ("input" in exact ? JSON.stringify(exact.input) : undefined),
    inputIsRego: raw.input_term !== undefined,
    strict: raw.strict_error ?? false,
    wanted: {
      results: exact.want_plan_result,
      errorCode: raw.want_error_code,
      error: raw.want_error,
      sortBindings: raw.sort_bindings ?? false,
    },
  };
}

/** Undefined where the case passes, otherwise what is wrong. */
export function runPlanCase(
  planCase: PlanCase,
  runtime: RuntimeModule,
  hostBuiltins: HostBuiltins,
  builtin: BuiltinCaller,
  tally: Tally,
): string | undefined {
  const wasm = emitModule({ ir: planCase.plan, runtime });
  if (!WebAssembly.validate(wasm)) return "the module is not valid WebAssembly";
  const evaluator = openEvaluator({ wasm, data: planCase.data, hostBuiltins });
  const given = evaluator.evaluate(planCase.entrypoint, planCase.input, planCase);
  const wrong = mismatch(given, planCase.wanted);
  if (wrong !== undefined) return wrong;
  const policy = planCase.plan;
  const interpreted = interpretedMismatch({ ...planCase, policy, builtin }, planCase.wanted);
  if (interpreted !== undefined || given.kind === "fault") return interpreted;
  const question = { ...planCase, wasm, hostBuiltins, asksHost: false };
  if (!canAskSdk(question)) return undefined;
  tally.sdk++;
  return sdkMismatch(question, given.text);
}
