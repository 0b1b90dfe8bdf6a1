/** What a run of tests found. */
import type { Diagnostic, Location } from "@regomesh/base";
import type { RulePlace } from "@regomesh/policy-runtime";

export type TestOutcome = "pass" | "fail" | "error" | "skip";

export type TestReport = {
  /** With an error among them no test ran. */
  readonly diagnostics: readonly Diagnostic[];
  readonly tests: readonly TestResult[];
};

export type TestResult = {
  /** `data.mesh.authz_test.test_x` */
  readonly name: string;
  readonly package: string;
  readonly at: Location;
  readonly file: string;
  readonly row: number;
  readonly column: number;
  readonly outcome: TestOutcome;
  readonly durationMs: number;
  /** What the test printed, a line each. */
  readonly output: readonly string[];
  /** Why the evaluation ended; of outcome `error` only. */
  readonly error: string | undefined;
  /** Of outcome `fail` only. */
  readonly failure: TestFailure | undefined;
  /** Of a test with variables in its head: its cases, nested as the variables are. */
  readonly cases: readonly TestCaseResult[];
};

export type TestCaseResult = {
  readonly name: string;
  readonly passed: boolean;
  readonly cases: readonly TestCaseResult[];
};

/** The first expression of the test's body that never held. */
export type TestFailure = {
  /** The expression, or the part of it that the values belong to. */
  readonly at: Location;
  readonly text: string;
  readonly isNegated: boolean;
  /** Parts of the expression as they were when it failed; undefined values are Rego's undefined. */
  readonly values: readonly { readonly at: Location; readonly text: string; readonly value: string | undefined }[];
  /** Rules outside the tests that fired on the way. */
  readonly fired: readonly RulePlace[];
  /** Text of the first built-in error of the evaluation: it made its expression undefined. */
  readonly builtinError: string | undefined;
};

export type TestCounts = { readonly [outcome in TestOutcome]: number };

/** Counts as OPA's: each case of a test with several is one. */
export function countTests(tests: readonly TestResult[]): TestCounts {
  const counts = { pass: 0, fail: 0, error: 0, skip: 0 };
  for (const { outcome, cases } of tests) {
    if (cases.length === 0 || outcome === "error") counts[outcome]++;
    else for (const passed of leaves(cases)) counts[passed ? "pass" : "fail"]++;
  }
  return counts;
}

function leaves(cases: readonly TestCaseResult[]): readonly boolean[] {
  return cases.flatMap((each) => (each.cases.length === 0 ? [each.passed] : leaves(each.cases)));
}
