/** Runs a unit's tests by the engine that enforces the unit: one module, one entrypoint for each test. */
import { type Diagnostic, hasErrors, positionAt, sortDiagnostics } from "@regomesh/base";
import { type Evaluation, type HostBuiltins, openEvaluator, type PolicyLimits } from "@regomesh/policy-runtime";
import { BUILTINS, type BuiltinSignatures } from "../builtins/table.ts";
import type { RuntimeModule } from "../link/runtime-module.ts";
import { runBack, runFront } from "../pipeline.ts";
import { type EntrypointPlan, planUnits } from "../plan/plan.ts";
import type { Module } from "../resolved/ast.ts";
import { dataName, makeRuleTree } from "../resolved/rule-tree.ts";
import type { Schemas } from "../types/schemas.ts";
import type { TestedUnit } from "../unit/unit.ts";
import { casesModule, casesPath, findTests, placeOfTest, separateTests, type TestCase } from "./cases.ts";
import { ClockWatch, warnOfClock } from "./clock-watch.ts";
import { explainFailure } from "./explain.ts";
import type { TestCaseResult, TestOutcome, TestReport, TestResult } from "./report.ts";

export type TestRequest = {
  readonly unit: TestedUnit;
  readonly runtime: RuntimeModule;
  /** Built-ins that are not in the module, as everywhere. */
  readonly hostBuiltins?: HostBuiltins;
  /** OPA's, unless the host has more. */
  readonly builtins?: BuiltinSignatures;
  /** Only tests whose `data.pkg.name` matches. */
  readonly filter?: RegExp;
  /** False: a failure is told without the expression that failed, which takes a module each. */
  readonly explains?: boolean;
  /** A clock for durations; fractions of a millisecond are welcome. */
  readonly nowMs: () => number;
  /** By `nowMs`, from the start on: tests that come later do not run, and err. No bound where absent. */
  readonly withinMs?: number;
  readonly limits?: PolicyLimits;
  /** Types of documents, from JSON schemas. */
  readonly schemas?: Schemas | undefined;
};

export function runTests(request: TestRequest): TestReport {
  const { unit, filter, builtins = BUILTINS } = request;
  const settings = { print: true, builtins, prepare: separateTests, schemas: request.schemas };
  const { state, diagnostics } = runFront({ ...settings, sources: [...unit.modules, ...unit.tests], unit });
  const { modules } = state;
  if (modules === undefined || hasErrors(diagnostics)) return { diagnostics: sortDiagnostics(diagnostics), tests: [] };
  const tests = findTests(modules).filter(({ name }) => filter === undefined || filter.test(name));
  if (tests.length === 0) return { diagnostics: sortDiagnostics(diagnostics), tests: [] };
  const { nowMs, withinMs = Number.POSITIVE_INFINITY } = request;
  const untilMs = nowMs() + withinMs;
  const run = prepare(request, modules, tests);
  if ("diagnostics" in run) return { diagnostics: run.diagnostics, tests: [] };
  const late = `the tests before it took the ${withinMs / 1000} s that a unit's may`;
  const results = tests.map((test) => {
    if (nowMs() < untilMs) return { test, ...run.value(test) };
    return { test, result: describe(test, { outcome: "error", error: late }), asksClock: false };
  });
  const warned = results.filter(({ asksClock, result }) => asksClock && result.outcome === "pass");
  return {
    diagnostics: sortDiagnostics([...diagnostics, ...warned.map(({ test }) => warnOfClock(test))]),
    tests: results.map(({ result }) => result),
  };
}

type Run = (test: TestCase) => { readonly result: TestResult; readonly asksClock: boolean };

function prepare(
  request: TestRequest,
  resolved: readonly Module[],
  tests: readonly TestCase[],
): { readonly value: Run } | { readonly diagnostics: readonly Diagnostic[] } {
  const { unit, runtime, builtins = BUILTINS, limits, nowMs } = request;
  const clock = new ClockWatch(request.hostBuiltins ?? {});
  const { hostBuiltins } = clock;
  const active = tests.filter(({ isSkipped, isFunction }) => !isSkipped && !isFunction);
  const cases = casesModule(active.filter(({ levels }) => levels > 0));
  const modules = cases === undefined ? resolved : [...resolved, cases];
  const documents = new Set(active.map(({ path }) => dataName(path)));
  const plan = {
    name: undefined,
    unit: unit.name,
    root: makeRuleTree(modules),
    entrypoints: entrypointsOf(active),
    traced: (path: string) => documents.has(path),
  };
  const { state, diagnostics } = runBack({
    ...{ sources: [...unit.modules, ...unit.tests], builtins, runtime, describe: {} },
    makePlan: () => planUnits([plan], builtins),
  });
  if (state.module === undefined) return { diagnostics };
  const { wasm } = state.module;
  const expressions = state.planned?.expressions ?? new Map();
  const data = JSON.stringify(unit.data);
  let output: string[] = [];
  const evaluator = openEvaluator({
    wasm,
    data,
    hostBuiltins,
    onPrint: (line) => output.push(line),
    ...(limits === undefined ? {} : { limits }),
  });
  const context = { modules, data, runtime, hostBuiltins, builtins, expressions };
  const evaluate = (test: TestCase): TestResult => {
    if (test.isSkipped) return describe(test, { outcome: "skip" });
    if (test.isFunction) {
      const error = `rego_type_error: function ${test.name} used as reference, not called`;
      return describe(test, { outcome: "error", error });
    }
    output = [];
    const tried = test.levels > 0 ? resultOf(evaluator.evaluate(casesName(test), undefined)) : undefined;
    output = [];
    const start = nowMs();
    const evaluation = evaluator.evaluate(test.name, undefined);
    const durationMs = nowMs() - start;
    if (evaluation.kind === "fault") {
      return describe(test, { outcome: "error", durationMs, output, error: evaluation.message });
    }
    const results = compareCases(tried, resultOf(evaluation), test.levels);
    // A test whose body is asked of nothing passes, as in OPA.
    const passed =
      test.levels > 0 ? tried !== undefined && results.every(({ passed }) => passed) : resultOf(evaluation) === true;
    if (passed) return describe(test, { outcome: "pass", durationMs, output, cases: results });
    const failure =
      request.explains === false
        ? undefined
        : explainFailure(context, evaluator, { test, builtinError: evaluation.builtinError });
    return describe(test, { outcome: "fail", durationMs, output, cases: results, failure });
  };
  const value: Run = (test) => {
    clock.wasAsked();
    const result = evaluate(test);
    return { result, asksClock: clock.wasAsked() };
  };
  return { value };
}

function entrypointsOf(tests: readonly TestCase[]): readonly EntrypointPlan[] {
  const plans = new Map<string, EntrypointPlan>();
  for (const test of tests) {
    plans.set(test.name, { name: test.name, path: test.path });
    if (test.levels > 0) plans.set(casesName(test), { name: casesName(test), path: casesPath(test.path) });
  }
  return [...plans.values()];
}

function casesName({ name }: TestCase): string {
  return `cases of ${name}`;
}

/** The result of an evaluation of a rule; undefined where it is undefined or a fault. */
function resultOf(evaluation: Evaluation): unknown {
  if (evaluation.kind === "fault") return undefined;
  const [first] = JSON.parse(evaluation.text) as readonly { readonly result: unknown }[];
  return first?.result;
}

/** The cases tried, each with whether it is true in the test's document. */
function compareCases(tried: unknown, result: unknown, levels: number): readonly TestCaseResult[] {
  if (levels === 0 || typeof tried !== "object" || tried === null) return [];
  return Object.entries(tried).map(([name, inner]) => {
    const value = typeof result === "object" && result !== null ? (result as Record<string, unknown>)[name] : undefined;
    const cases = compareCases(inner, value, levels - 1);
    return { name, passed: levels > 1 ? cases.every((each) => each.passed) : value === true, cases };
  });
}

type Found = { readonly outcome: TestOutcome } & Partial<
  Pick<TestResult, "durationMs" | "output" | "error" | "failure" | "cases">
>;

function describe(test: TestCase, found: Found): TestResult {
  const at = placeOfTest(test);
  const { row, column } = positionAt(at.source, at.span.start);
  return {
    name: test.name,
    package: test.package,
    at,
    file: at.source.name,
    row,
    column,
    durationMs: 0,
    output: [],
    error: undefined,
    failure: undefined,
    cases: [],
    ...found,
  };
}
