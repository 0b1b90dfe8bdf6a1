/** Records over the wire that fail for a reason; the list may only shrink. */
import type { Outcome } from "../report.ts";
import knownIssues from "./known-issues.json" with { type: "json" };

/** Marks failures that are known, and fails known ones that pass. */
export function applyKnown(outcomes: readonly Outcome[]): Outcome[] {
  return outcomes.map((outcome) => {
    const known = (knownIssues as Readonly<Record<string, string>>)[outcome.id];
    if (known === undefined) return outcome;
    if (outcome.why === undefined) return { ...outcome, why: "it passes: take it out of known-issues.json" };
    return { ...outcome, known };
  });
}
