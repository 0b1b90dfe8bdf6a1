/** A suite of cases, run one after the other, and what came of it by category. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type SuiteName =
  | "rego-conformance"
  | "rego-conformance-v0"
  | "rego-derived"
  | "rego-plans"
  | "errors"
  | "regorus-interpreter"
  | "regorus-parser"
  | "regorus-lexer"
  | "tree-sitter"
  | "format"
  | "mesh-policies"
  | "reports"
  | "reports-compile"
  | "reports-schema"
  | "reports-x509";

export type SuiteCase = {
  /** `category/file.json#place`: notes repeat. */
  readonly id: string;
  readonly note: string;
  /** Undefined where the case passes, otherwise what is wrong. */
  readonly run: (tally: Tally) => string | undefined;
};

/** What the cases of a run did beside passing. */
export type Tally = {
  /** Cases asked under the npm SDK, too. */
  sdk: number;
};

export type CaseFailure = { readonly id: string; readonly note: string; readonly reason: string };

export type SuiteReport = {
  readonly suite: SuiteName;
  readonly passed: readonly string[];
  readonly failed: readonly CaseFailure[];
  readonly tally: Readonly<Tally>;
};

export function runSuite(suite: SuiteName, cases: readonly SuiteCase[]): SuiteReport {
  const passed: string[] = [];
  const failed: CaseFailure[] = [];
  const tally: Tally = { sdk: 0 };
  for (const { id, note, run } of cases) {
    const reason = runSafely(() => run(tally));
    if (reason === undefined) passed.push(id);
    else failed.push({ id, note, reason });
  }
  return { suite, passed, failed, tally };
}

/** Whatever a case throws is its failure, never the suite's. */
function runSafely(run: () => string | undefined): string | undefined {
  try {
    return run();
  } catch (error) {
    return `threw ${error instanceof Error ? (error.stack ?? error.message).split("\n").slice(0, 4).join(" ") : String(error)}`;
  }
}

export type KnownIssue = { readonly suite: SuiteName; readonly case: string; readonly reason: string };

const KNOWN = join(import.meta.dirname, "../../known-issues.json");

/** The committed list of failing cases, which may only shrink. */
export function readKnownIssues(suite: SuiteName): readonly KnownIssue[] {
  const rows = JSON.parse(readFileSync(KNOWN, "utf8")) as readonly KnownIssue[];
  return rows.filter((row) => row.suite === suite);
}

const REASON_LENGTH_MAX = 160;

/** Makes the list say what failed now; a case listed before keeps its reason. */
export function writeKnownIssues({ suite, failed }: SuiteReport): void {
  const rows = JSON.parse(readFileSync(KNOWN, "utf8")) as readonly KnownIssue[];
  const before = new Map(rows.filter((row) => row.suite === suite).map((row) => [row.case, row.reason]));
  const others = rows.filter((row) => row.suite !== suite);
  const now = failed.map(({ id, reason }): KnownIssue => {
    const [line = ""] = reason.split("\n");
    return { suite, case: id, reason: before.get(id) ?? line.slice(0, REASON_LENGTH_MAX) };
  });
  const sorted = [...others, ...now].sort((a, b) => compare(a.suite, b.suite) || compare(a.case, b.case));
  writeFileSync(KNOWN, sorted.length === 0 ? "[]\n" : `[\n${sorted.map(printIssue).join(",\n")}\n]\n`);
}

const LINE_WIDTH = 120;

/** As the formatter prints it. */
function printIssue(row: KnownIssue): string {
  const fields = Object.entries(row).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  const line = `  { ${fields.join(", ")} },`;
  return line.length <= LINE_WIDTH ? line.slice(0, -1) : `  {\n    ${fields.join(",\n    ")}\n  }`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export type Surprises = {
  /** Failing, and not listed. */
  readonly unlisted: readonly CaseFailure[];
  /** Listed, and passing. */
  readonly passing: readonly string[];
};

export function surprises({ passed, failed }: SuiteReport, known: readonly KnownIssue[]): Surprises {
  const listed = new Set(known.map((row) => row.case));
  return {
    unlisted: failed.filter(({ id }) => !listed.has(id)),
    passing: passed.filter((id) => listed.has(id)),
  };
}

/** Lines of `category  passed  failed`, then the totals. */
export function printCounts({ suite, passed, failed }: SuiteReport): readonly string[] {
  const counts = new Map<string, [passed: number, failed: number]>();
  const count = (id: string, column: 0 | 1): void => {
    const category = id.slice(0, Math.max(id.indexOf("/"), 0)) || suite;
    const row = counts.get(category) ?? [0, 0];
    row[column]++;
    counts.set(category, row);
  };
  for (const id of passed) count(id, 0);
  for (const { id } of failed) count(id, 1);
  const width = Math.max(8, ...[...counts.keys()].map((name) => name.length));
  const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `${suite.padEnd(width)}  passed  failed`,
    ...rows.map(
      ([name, [good, bad]]) => `${name.padEnd(width)}  ${String(good).padStart(6)}  ${String(bad).padStart(6)}`,
    ),
  ];
}
