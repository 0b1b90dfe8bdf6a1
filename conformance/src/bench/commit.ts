/** From the end of `git commit` to a mesh that obeys it, in the demo's mesh. */
import { percentile, timeCommits, WITHOUT_LIMITS } from "../mesh/commit-latency.ts";
import { TestMesh } from "../mesh/test-mesh.ts";

const COMMITS = 20;
/** The first commits find a cold build process. */
const WARM_UP = 2;
/** With every ACK in and the policy tests run. */
export const COMMIT_P95_MS_MAX = 1000;

export type CommitsMeasured = { readonly text: string; readonly inForceP95Ms: number };

export async function measureCommits(): Promise<CommitsMeasured> {
  await using mesh = await TestMesh.open(WITHOUT_LIMITS);
  await timeCommits(mesh, WARM_UP);
  const latencies = await timeCommits(mesh, COMMITS);
  const changed = latencies.map(({ changedMs }) => changedMs);
  const inForce = latencies.map(({ inForceMs }) => inForceMs);
  const row = (name: string, values: readonly number[]): string => {
    const at = (share: number): string => `${Math.round(percentile(values, share))} ms`.padStart(8);
    return `  ${name.padEnd(30)} p50 ${at(0.5)}   p95 ${at(0.95)}   max ${at(1)}`;
  };
  const text = [
    `commit: ${COMMITS} commits, one after the other, each tested, compiled and sent to 4 proxies`,
    row("to the first changed response", changed),
    row("and every ACK in", inForce),
  ].join("\n");
  return { text, inForceP95Ms: percentile(inForce, 0.95) };
}
