/** The suites of pure code: which file of records is judged by what. */
import { judgeEnvoyPaths } from "./pure/envoy-path.ts";
import { judgeLlhttp } from "./pure/llhttp-codec.ts";
import { judgePath, judgeSpiffeId, judgeSvids } from "./pure/tables.ts";
import type { Outcome, SuiteReport } from "./report.ts";
import { type EnvoyPathRow, type LlhttpRow, type PathRow, readVectors, type SpiffeIdRow } from "./vectors.ts";

export type Selection = {
  readonly folder: string;
  /** Records whose id or name matches. */
  readonly only: RegExp;
};

/** Pure code against records: no process, no socket. */
export async function runPureSuites({ folder, only }: Selection): Promise<SuiteReport[]> {
  const reports: SuiteReport[] = [
    { suite: "llhttp (codec)", outcomes: readVectors<LlhttpRow>(folder, "llhttp.jsonl").map(judgeLlhttp) },
    { suite: "path-normalization", outcomes: readVectors<PathRow>(folder, "path-normalization.jsonl").map(judgePath) },
    { suite: "spiffe-id", outcomes: readVectors<SpiffeIdRow>(folder, "spiffe-id.jsonl").map(judgeSpiffeId) },
    { suite: "svid-pem", outcomes: judgeSvids(folder) },
    {
      suite: "opa-envoy-path",
      outcomes: await judgeEnvoyPaths(readVectors<EnvoyPathRow>(folder, "opa-envoy-path.jsonl")),
    },
  ];
  return reports
    .map(({ suite, outcomes }) => ({ suite, outcomes: outcomes.filter((outcome) => isSelected(outcome, only)) }))
    .filter((report) => report.outcomes.length > 0);
}

export function isSelected(outcome: Pick<Outcome, "id" | "name">, only: RegExp): boolean {
  return only.test(outcome.id) || only.test(outcome.name);
}
