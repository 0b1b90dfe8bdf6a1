/** A run of tests for people: failures with their place, expression and values; then the counts. */
import { positionAt, rowText } from "@regomesh/base";
import { countTests, type TestCaseResult, type TestFailure, type TestReport, type TestResult } from "./report.ts";

/** Lines; tests that pass are named only if `verbose`. */
export function printTests({ tests }: TestReport, options: { readonly verbose?: boolean } = {}): readonly string[] {
  const shown = tests.filter(({ outcome }) => options.verbose === true || outcome !== "pass");
  const lines: string[] = [];
  let file = "";
  for (const test of shown) {
    if (test.file !== file) {
      if (file !== "") lines.push("");
      file = test.file;
      lines.push(`${file}:`);
    }
    lines.push(...printTest(test));
  }
  if (lines.length > 0) lines.push("");
  lines.push(printCounts(tests));
  return lines;
}

function printCounts(tests: readonly TestResult[]): string {
  const counts = countTests(tests);
  const total = counts.pass + counts.fail + counts.error + counts.skip;
  const parts = [`PASS: ${counts.pass}/${total}`];
  if (counts.fail > 0) parts.push(`FAIL: ${counts.fail}/${total}`);
  if (counts.error > 0) parts.push(`ERROR: ${counts.error}/${total}`);
  if (counts.skip > 0) parts.push(`SKIPPED: ${counts.skip}/${total}`);
  return parts.join("   ");
}

function printTest(test: TestResult): readonly string[] {
  const duration = test.outcome === "skip" ? "" : ` (${printDuration(test.durationMs)})`;
  return [
    `${test.name}: ${OUTCOMES[test.outcome]}${duration}`,
    ...printCases(test.cases, "  "),
    ...(test.error === undefined ? [] : [`  ${test.error}`]),
    ...(test.failure === undefined ? [] : printFailure(test.failure)),
    ...test.output.map((line) => `  print: ${line}`),
  ];
}

const OUTCOMES: Readonly<Record<TestResult["outcome"], string>> = {
  pass: "PASS",
  fail: "FAIL",
  error: "ERROR",
  skip: "SKIPPED",
};

function printCases(cases: readonly TestCaseResult[], indent: string): readonly string[] {
  return cases.flatMap(({ name, passed, cases: inner }) => [
    `${indent}${name}: ${passed ? "PASS" : "FAIL"}`,
    ...printCases(inner, `${indent}  `),
  ]);
}

function printFailure({ at, isNegated, values, fired, builtinError }: TestFailure): readonly string[] {
  const { row } = positionAt(at.source, at.span.start);
  const gutter = String(row).padStart(4);
  const blank = " ".repeat(gutter.length);
  const first = values[0];
  const notes = values.map(({ text, value }) => `${text} is ${value ?? "undefined"}`);
  if (notes.length === 0) notes.push(isNegated ? "this holds" : "this does not hold");
  if (fired.length > 0) notes.push(`fired ${fired.map((rule) => `${rule.file}:${rule.row}`).join(", ")}`);
  if (builtinError !== undefined) notes.push(`built-in error: ${builtinError}`);
  const lines = [`${gutter} | ${rowText(at.source, row)}`];
  const under = first !== undefined && positionAt(first.at.source, first.at.span.start).row === row ? first.at : at;
  lines.push(`${blank} | ${underline(under)} ${notes[0]}`);
  for (const note of notes.slice(1)) lines.push(`${blank} |   ${note}`);
  return lines;
}

function underline({ source, span }: TestFailure["at"]): string {
  const { row, column } = positionAt(source, span.start);
  const text = [...rowText(source, row)];
  const indent = text.slice(0, column - 1).map((c) => (c === "\t" ? "\t" : " "));
  const width = Math.max(1, Math.min(span.end - span.start, text.length - column + 1));
  return `${indent.join("")}${"^".repeat(width)}`;
}

/** `182 µs`, `4.1 ms`, `1.20 s`. */
export function printDuration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${ms.toFixed(1)} ms`;
  return `${(ms / 1000).toFixed(2)} s`;
}
