/**
 * Authorization policies of other projects, each compiled as a unit, asked under our
 * evaluator and under the npm SDK: both must give the case's decision. Where the input is an
 * HTTP request without a body, the fast path must give it too, from a raw head.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { printDiagnostic } from "@regomesh/base";
import {
  type CompiledModule,
  compile,
  compileQuery,
  type JsonObject,
  type RuntimeModule,
  type Unit,
} from "@regomesh/policy-compiler";
import { openEvaluator, openPolicy, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import { isSameSet, mismatch } from "./compare.ts";
import { makeSuiteBuiltins } from "./host.ts";
import { requestOf } from "./raw-request.ts";
import { askSdk } from "./sdk.ts";
import type { SuiteCase, Tally } from "./suite.ts";

type PolicyFile = {
  readonly query: string;
  readonly files: readonly string[];
  readonly data?: JsonObject;
  readonly cases: readonly PolicyCase[];
};
type PolicyCase = {
  readonly name: string;
  readonly query?: string;
  readonly input: unknown;
  readonly want?: unknown;
  readonly undefined?: true;
  readonly want_error_code?: string;
};

export function readMeshPolicies(folder: string, runtime: RuntimeModule): readonly SuiteCase[] {
  const policies = readdirSync(folder).filter((name) => existsSync(join(folder, name, "cases.json")));
  return policies.sort().flatMap((name) => {
    const file = JSON.parse(readFileSync(join(folder, name, "cases.json"), "utf8")) as PolicyFile;
    const modules = file.files.map((each) => ({
      name: `${name}/${each}`,
      text: readFileSync(join(folder, name, each), "utf8"),
    }));
    const unit: Unit = { name, modules, data: file.data ?? {} };
    const asked = new Map<string, Asked>();
    return file.cases.map((each, i) => ({
      id: `${name}/cases.json#${i}`,
      note: each.name,
      run: (tally: Tally) => {
        tally.sdk++; // every one of them, in runPolicyCase
        const query = each.query ?? file.query;
        const policy = asked.get(query) ?? ask(unit, query, runtime);
        asked.set(query, policy);
        return runPolicyCase(policy, each);
      },
    }));
  });
}

type Asked = { readonly module: CompiledModule; readonly entrypoint: string };

/** A rule is an entrypoint of the unit; any other query is compiled as one. */
function ask(unit: Unit, query: string, runtime: RuntimeModule): Asked {
  const isRule = /^data(\.\w+)+$/.test(query);
  const entrypoint = isRule ? query.slice("data.".length).replaceAll(".", "/") : "eval";
  const { module, diagnostics } = isRule
    ? compile({ units: [unit], entrypoints: [{ unit: unit.name, name: entrypoint }], runtime })
    : compileQuery({ ...unit, query: { name: "query", text: `result := ${query}` }, runtime });
  if (module === undefined) throw new Error(diagnostics.map(printDiagnostic).join("\n"));
  return { module, entrypoint };
}

function runPolicyCase({ module, entrypoint }: Asked, each: PolicyCase): string | undefined {
  const hostBuiltins = makeSuiteBuiltins();
  const evaluator = openEvaluator({ wasm: module.wasm, data: module.data, hostBuiltins });
  const given = evaluator.evaluate(entrypoint, JSON.stringify(each.input));
  const wrong = mismatch(given, {
    results: each.undefined ? [] : [{ result: each.want }],
    errorCode: each.want_error_code,
    error: undefined,
    sortBindings: false,
  });
  if (wrong !== undefined) return given.builtinError === undefined ? wrong : `${wrong}; ${given.builtinError}`;
  const sdk = trySdk(module, entrypoint, each.input);
  if (given.kind === "fault") return "fault" in sdk ? undefined : "the npm SDK gives results, our evaluator a fault";
  if ("fault" in sdk) return `the npm SDK fails: ${sdk.fault}`;
  if (!isSameSet(sdk.results, JSON.parse(given.text)))
    return `the npm SDK got ${JSON.stringify(sdk.results)}, our evaluator ${given.text}`;
  return runFast({ module, entrypoint }, each, given.text);
}

/** What the fast path gives otherwise; undefined also where the case is no bodiless request. */
function runFast({ module }: Asked, { input }: PolicyCase, wanted: string): string | undefined {
  const request = requestOf(input);
  if (request === undefined) return undefined;
  const policy = openPolicy({ wasm: module.wasm, data: module.data, seed: 1, hostBuiltins: makeSuiteBuiltins() });
  policy.setConnection(request.context);
  const outcome = policy
    .decide(request.head, request.head.length, toHeadTable(request.head), 1, RequestId.of(""), Date.now())
    .value(0);
  if (outcome.kind === "fault") return `the fast path has a fault: ${outcome.message}`;
  const results = outcome.kind === "defined" ? [{ result: outcome.value }] : [];
  if (isSameSet(results, JSON.parse(wanted))) return undefined;
  return `the fast path got ${JSON.stringify(results)}, our evaluator ${wanted}`;
}

type SdkAnswer = { readonly results: readonly unknown[] } | { readonly fault: string };

function trySdk({ wasm, data }: CompiledModule, entrypoint: string, input: unknown): SdkAnswer {
  try {
    const hostBuiltins = makeSuiteBuiltins();
    return { results: askSdk({ wasm, data, input: JSON.stringify(input), entrypoint, hostBuiltins }) };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}
