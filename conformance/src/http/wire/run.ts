/** The suites that go over the wire: which file of records, through which lanes. */
import { makeRandom } from "@regomesh/base";
import type { SuiteReport } from "../report.ts";
import { isSelected, type Selection } from "../suites.ts";
import { type LlhttpRow, readVectors, type WireRow } from "../vectors.ts";
import { type Deadlines, drive, wireRowsOf } from "./drive.ts";
import { applyKnown } from "./known-issues.ts";
import { openLanes } from "./lanes.ts";
import { mutantsOf } from "./mutate.ts";

/** Records through a real proxy, file by file. */
export async function runWireSuites({ folder, only }: Selection, deadlines: Deadlines): Promise<SuiteReport[]> {
  const files: readonly (readonly [suite: string, rows: readonly WireRow[]])[] = [
    ["rfc911x", readVectors<WireRow>(folder, "rfc911x.jsonl")],
    ["http-garden", readVectors<WireRow>(folder, "http-garden.jsonl")],
    ["byte-mutations", readVectors<WireRow>(folder, "byte-mutations.jsonl")],
    ["llhttp (wire)", wireRowsOf(readVectors<LlhttpRow>(folder, "llhttp.jsonl"))],
  ];
  await using lanes = await openLanes();
  const reports: SuiteReport[] = [];
  for (const [suite, all] of files) {
    const rows = all.filter((row) => isSelected({ id: row.id, name: row.name ?? row.title ?? "" }, only));
    if (rows.length > 0) reports.push({ suite, outcomes: applyKnown(await drive(rows, lanes.lanes, deadlines)) });
  }
  return reports;
}

/** Mutants of all records through a real proxy. */
export async function runMutants(
  { folder }: Selection,
  deadlines: Deadlines,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<SuiteReport> {
  const files = ["rfc911x.jsonl", "http-garden.jsonl", "byte-mutations.jsonl"];
  const rows = files.flatMap((file) => readVectors<WireRow>(folder, file));
  rows.push(...wireRowsOf(readVectors<LlhttpRow>(folder, "llhttp.jsonl")));
  if (rows.length === 0) return { suite: "mutants", outcomes: [] };
  await using lanes = await openLanes();
  return { suite: "mutants", outcomes: await drive(mutantsOf(rows, count, makeRandom(seed)), lanes.lanes, deadlines) };
}
