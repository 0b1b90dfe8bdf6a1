/** Running many cases: what passed, what failed, and whether the known issues are still known. */
export type KnownIssues = Readonly<Record<string, string>>;

export type Report = {
  readonly passed: number;
  readonly failed: readonly { readonly id: string; readonly note: string; readonly why: string }[];
  /** Known issues that failed as expected. */
  readonly known: number;
  /** Known issues that pass: the list must shrink. */
  readonly fixed: readonly string[];
};

/** `run` gives undefined where the case passes, otherwise what is wrong. An error thrown is a failure. */
export function runCases<Case extends { readonly id: string; readonly note: string }>(
  cases: readonly Case[],
  run: (testCase: Case) => string | undefined,
  knownIssues: KnownIssues,
): Report {
  let passed = 0;
  let known = 0;
  const failed: { id: string; note: string; why: string }[] = [];
  const fixed: string[] = [];
  for (const testCase of cases) {
    const why = attempt(() => run(testCase));
    const isKnown = Object.hasOwn(knownIssues, testCase.id);
    if (why === undefined) {
      passed++;
      if (isKnown) fixed.push(testCase.id);
    } else if (isKnown) known++;
    else failed.push({ id: testCase.id, note: testCase.note, why });
  }
  return { passed, failed, known, fixed };
}

function attempt(run: () => string | undefined): string | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
    return `threw ${JSON.stringify(error)}`; // the npm SDK throws strings and objects
  }
}
