/** What policies of the revision in force did wrong lately: a 503 each. The same fault of the same entrypoint is one. */
import type { DecisionBody } from "../api/decisions.ts";
import type { PolicyFaultBody } from "../api/status.ts";

const FAULTS_MAX = 20;

/** Of the decisions that are kept, newest first; the newest fault is the first. */
export function policyFaults(decisions: readonly DecisionBody[], revision: string): readonly PolicyFaultBody[] {
  const found = new Map<string, PolicyFaultBody>();
  for (const decision of decisions) {
    const { reporter: workload, entrypoint, reason, detail, timeMs } = decision;
    if (decision.verdict !== "broken" || decision.revision !== revision || !reason.startsWith("policy_")) continue;
    const key = JSON.stringify([workload, entrypoint, reason, detail]);
    const known = found.get(key);
    if (known !== undefined) found.set(key, { ...known, decisions: known.decisions + 1 });
    else if (found.size < FAULTS_MAX)
      found.set(key, { workload, entrypoint, reason, detail, decisions: 1, lastMs: timeMs });
  }
  return [...found.values()];
}
