/**
 * From the end of `git commit` to the first changed response, and to the last ACK: the
 * commit gives alice a grant or takes it away, and her request is asked over and over.
 */
import { isInForce, type TestMesh } from "./test-mesh.ts";

export type CommitLatency = {
  /** Until the first response by the new policy. */
  readonly changedMs: number;
  /** Until that, and every proxy has acknowledged it. */
  readonly inForceMs: number;
};

const GRANTS = "examples/authz/data.yaml";
/** One request in so many milliseconds: exact enough, and no load of its own. */
const ASK_EVERY_MS = 5;
const DEADLINE_MS = 15_000;

/** Makes commits, one after the other; fails if one is not in force in time. */
export async function timeCommits(mesh: TestMesh, count: number): Promise<readonly CommitLatency[]> {
  const latencies: CommitLatency[] = [];
  let isGranted = (await askRefund(mesh)) === 200;
  for (let i = 0; i < count; i++) {
    isGranted = !isGranted;
    const grant = isGranted ? "alice: [orders, refunds]" : "alice: [orders]";
    const commit = await mesh.commit(`${isGranted ? "Grant" : "Take back"} alice's refunds`, {
      [GRANTS]: (text) => text.replace(/alice: .*/, grant),
    });
    latencies.push(await timeCommit(mesh, commit, isGranted ? 200 : 403));
  }
  return latencies;
}

async function timeCommit(mesh: TestMesh, commit: string, wanted: number): Promise<CommitLatency> {
  const startMs = mesh.committedMs;
  const inForce = (async () => {
    while (!isInForce(await mesh.status(), commit)) await nextTurn(startMs, `the ACKs of ${commit}`);
    return performance.now() - startMs;
  })();
  const changed = (async () => {
    while ((await askRefund(mesh)) !== wanted) await nextTurn(startMs, `a response by ${commit}`);
    return performance.now() - startMs;
  })();
  const [changedMs, ackedMs] = await Promise.all([changed, inForce]);
  return { changedMs, inForceMs: Math.max(changedMs, ackedMs) };
}

async function nextTurn(startMs: number, what: string): Promise<void> {
  if (performance.now() - startMs > DEADLINE_MS) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
  await new Promise((next) => setTimeout(next, ASK_EVERY_MS));
}

async function askRefund(mesh: TestMesh): Promise<number> {
  return (await mesh.ask("/refunds")).status;
}

/** The value below which that share of the values lies, by nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Raises the limits of the demo, which a measuring loop would meet. */
export const WITHOUT_LIMITS: Readonly<Record<string, (text: string) => string>> = {
  "policies/mesh/data.yaml": (text) => text.replaceAll(/limit: \d+/g, "limit: 6000000"),
};
