/**
 * Cases in the format of OPA's compliance suite, from the source on: modules and query through the whole
 * compiler, asked under our evaluator, the interpreter and, where it can express the case, the npm SDK.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasErrors, printDiagnostic } from "@regomesh/base";
import {
  compileQuery,
  type IrPolicy,
  type JsonObject,
  makeSignatures,
  planQueryRequest,
  type RegoSource,
  type RegoVersion,
  type RuntimeModule,
} from "@regomesh/policy-compiler";
import { DEFAULT_LIMITS, type HostBuiltins, openEvaluator } from "@regomesh/policy-runtime";
import { type BuiltinCaller, makeBuiltinCaller } from "../interpreter/builtins.ts";
import { interpretedMismatch } from "../interpreter/compare.ts";
import { mismatch, type Wanted } from "./compare.ts";
import { parseExact } from "./exact.ts";
import { makeSuiteBuiltins } from "./host.ts";
import { canAskSdk, sdkMismatch } from "./sdk.ts";
import type { SuiteCase, Tally } from "./suite.ts";

type QueryCase = {
  readonly note: string;
  readonly query: RegoSource;
  readonly modules: readonly RegoSource[];
  readonly data: JsonObject;
  /** JSON text, or a Rego term. */
  readonly input: string | undefined;
  readonly inputIsRego: boolean;
  readonly strict: boolean;
  readonly env: Readonly<Record<string, string>> | undefined;
  readonly wanted: Wanted;
};

type RawCase = {
  readonly note: string;
  readonly query: string;
  readonly modules?: readonly string[];
  readonly strict_error?: boolean;
  readonly sort_bindings?: boolean;
  readonly want_error?: string;
  readonly want_error_code?: string;
  readonly input_term?: string;
  readonly env?: Readonly<Record<string, string>>;
};
type ExactCase = { readonly data?: JsonObject; readonly input?: unknown; readonly want_result?: readonly unknown[] };

/** `version`: the language of modules and queries alike. */
export function readQueryCases(
  folder: string,
  runtime: RuntimeModule,
  version: RegoVersion = "v1",
): readonly SuiteCase[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"));
  const caller = makeBuiltinCaller(runtime, makeSuiteBuiltins());
  return files.sort().flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    const { cases } = JSON.parse(text) as { cases: readonly RawCase[] };
    const exact = (parseExact(text) as { cases: readonly ExactCase[] }).cases;
    return cases.map((raw, i) => {
      const queryCase = caseOf(raw, exact[i] as ExactCase, version);
      return {
        id: `${file}#${i}`,
        note: raw.note,
        run: (tally: Tally) => runCase(queryCase, { runtime, caller }, tally),
      };
    });
  });
}

function caseOf(raw: RawCase, exact: ExactCase, version: RegoVersion): QueryCase {
  return {
    note: raw.note,
    query: { name: "query", text: raw.query, version },
    modules: (raw.modules ?? []).map((text, i) => ({ name: `test-${i}.rego`, text, version })),
    data: exact.data ?? {},
    input: raw.input_term ?? ("input" in exact ? JSON.stringify(exact.input) : undefined),
    inputIsRego: raw.input_term !== undefined,
    strict: raw.strict_error ?? false,
    env: raw.env,
    wanted: {
      results: exact.want_result,
      errorCode: raw.want_error_code,
      error: raw.want_error,
      sortBindings: raw.sort_bindings ?? false,
    },
  };
}

/** `test.sleep` exists in OPA's test run only. */
const BUILTINS = makeSignatures("test.sleep(string) -> null");

/** What a case asks for is judged, not how long it may take: some loop a million times. */
const LIMITS = { ...DEFAULT_LIMITS, fuel: 100_000_000 };

function runCase(
  queryCase: QueryCase,
  { runtime, caller }: { readonly runtime: RuntimeModule; readonly caller: BuiltinCaller },
  tally: Tally,
): string | undefined {
  const { query, modules, data, input, wanted, env } = queryCase;
  const text = { modules, query, builtins: BUILTINS, errorsEnd: queryCase.strict };
  const { module, diagnostics } = compileQuery({ ...text, data, runtime });
  if (module === undefined || hasErrors(diagnostics)) return diagnostics.map(printDiagnostic).join("\n");
  const hostBuiltins: HostBuiltins = makeSuiteBuiltins(env);
  const evaluator = openEvaluator({ wasm: module.wasm, data: module.data, hostBuiltins, limits: LIMITS });
  const given = evaluator.evaluate("eval", input, queryCase);
  const wrong = mismatch(given, wanted);
  if (wrong !== undefined) return given.builtinError === undefined ? wrong : `${wrong}; ${given.builtinError}`;
  const { policy } = planQueryRequest(text);
  const builtin = env === undefined ? caller : makeBuiltinCaller(runtime, hostBuiltins);
  const asked = { ...queryCase, policy: policy as IrPolicy, entrypoint: "eval", data: module.data, builtin };
  const interpreted = interpretedMismatch(asked, wanted);
  if (interpreted !== undefined) return interpreted;
  // To the SDK a built-in's error is the end of the evaluation, not an undefined call.
  if (given.kind === "fault" || given.builtinError !== undefined) return undefined;
  const { inputIsRego, strict } = queryCase;
  const asksHost = module.meta.hostBuiltins.length > 0;
  const sdk = { asksHost, wasm: module.wasm, data: module.data, input, inputIsRego, strict, hostBuiltins };
  const question = { ...sdk, entrypoint: "eval" };
  if (!canAskSdk(question)) return undefined;
  tally.sdk++;
  return sdkMismatch(question, given.text);
}
