/** Of a build that is refused what status says: why, in a sentence, and all of it. */
import { type DiagnosticRecord, NO_FILE, printRecord } from "@regomesh/base";
import type { RefusedBody } from "../../api/releases.ts";
import type { Built } from "../../build/build.ts";
import { TEST_WAITING } from "../../build/unit-tests.ts";
import type { SourceContent } from "../../sources/source.ts";

/** A build that has nothing but why. */
export const REFUSED: Built = {
  diagnostics: [],
  failedTests: [],
  passedTests: 0,
  sources: [],
  resources: {},
  verdicts: [],
};

export function reasonOf({ diagnostics, failedTests }: Pick<Built, "diagnostics" | "failedTests">): string | undefined {
  const first = diagnostics.find(({ severity }) => severity === "error");
  const [test] = failedTests;
  return first !== undefined ? printRecord(first) : test && `${test.file}:${test.row}: ${test.name} fails`;
}

/** What waits for its turn is another thing the next time that it is asked. */
export function isWaiting({ verdicts }: Built): boolean {
  return verdicts.some(({ reason }) => reason === TEST_WAITING);
}

/** More than these in one commit are one and the same slip to whoever reads of it. */
const VERDICTS_TOLD_MAX = 500;

export function toRefused({ source, revision }: SourceContent, built: Built, atMs: number): RefusedBody {
  const { diagnostics, failedTests, verdicts, resources } = built;
  const own = verdicts.filter((each) => each.source === source);
  return {
    source,
    commit: revision.id,
    subject: revision.subject,
    atMs,
    diagnostics,
    failedTests,
    refusals: [],
    verdicts: own.slice(0, VERDICTS_TOLD_MAX),
    resources: Object.hasOwn(resources, source) ? (resources[source] ?? 0) : own.length,
  };
}

/** A fault that has no place in a file. */
export function toRecord(code: string, message: string): DiagnosticRecord {
  return { code, severity: "error", message, file: NO_FILE, row: 1, column: 1 };
}
