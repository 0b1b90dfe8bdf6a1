/** Outcomes of vectors, counted by file; the last line is what a person or a script looks at. */
export type Outcome = {
  readonly id: string;
  readonly name: string;
  /** What is wrong; undefined where the vector passes. */
  readonly why?: string | undefined;
  /** Passes by a rule of the RFC against the vector's own verdict, or differs for a stated reason. */
  readonly note?: string | undefined;
  /** Fails, as a list of known issues says, for this reason. */
  readonly known?: string | undefined;
};

export type SuiteReport = { readonly suite: string; readonly outcomes: readonly Outcome[] };

/** What fails and is not known to. */
export function failuresOf(report: SuiteReport): readonly Outcome[] {
  return report.outcomes.filter((outcome) => outcome.why !== undefined && outcome.known === undefined);
}

function countFailed(report: SuiteReport): number {
  return report.outcomes.filter((outcome) => outcome.why !== undefined).length;
}

/** Lines for people: failures with what is wrong, notes by reason, counts, and the closing line. */
export function printReports(reports: readonly SuiteReport[], options: { readonly verbose: boolean }): string {
  const lines: string[] = [];
  for (const report of reports) {
    const failures = failuresOf(report);
    for (const { id, name, why } of failures) lines.push(`FAIL ${report.suite} ${id} ${JSON.stringify(name)}: ${why}`);
    for (const { id, name, known } of report.outcomes) {
      if (known !== undefined) lines.push(`known ${report.suite} ${id} ${JSON.stringify(name)}: ${known}`);
    }
    for (const [reason, count] of notesOf(report)) lines.push(`note ${report.suite}: ${count} × ${reason}`);
    if (options.verbose) {
      for (const { id, name, note } of report.outcomes) {
        if (note !== undefined) lines.push(`note ${report.suite} ${id} ${JSON.stringify(name)}: ${note}`);
      }
    }
  }
  const width = Math.max(...reports.map((report) => report.suite.length), 0);
  for (const report of reports) {
    const failed = countFailed(report);
    const passed = report.outcomes.length - failed;
    lines.push(
      `${report.suite.padEnd(width)}  ${String(passed).padStart(5)} passed  ${String(failed).padStart(4)} failed`,
    );
  }
  const failed = reports.reduce((sum, report) => sum + countFailed(report), 0);
  const passed = reports.reduce((sum, report) => sum + report.outcomes.length, 0) - failed;
  lines.push(`${passed} passed, ${failed} failed`);
  return lines.join("\n");
}

function notesOf(report: SuiteReport): Map<string, number> {
  const notes = new Map<string, number>();
  for (const { note } of report.outcomes) if (note !== undefined) notes.set(note, (notes.get(note) ?? 0) + 1);
  return notes;
}
