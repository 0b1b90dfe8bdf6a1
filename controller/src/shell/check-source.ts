/** A source's files checked as a commit of them would be, without running its tests. */
import type { DiagnosticRecord, Source } from "@regomesh/base";
import { build } from "../build/build.ts";
import { resourceFiles } from "../build/source-tree.ts";
import { ALL_RIGHTS, type SourceRights } from "../index/rights.ts";
import { loadTools } from "./build/compiler.ts";

export type SourceCheck = {
  readonly diagnostics: readonly DiagnosticRecord[];
  /** Files that hold resources; where there are none, nothing was checked. */
  readonly resourceFiles: number;
  readonly workloads: number;
};

/** `path` is the directory that is the source, "" where files are named from it. */
export async function checkSource(
  path: string,
  files: readonly Source[],
  rights: SourceRights = ALL_RIGHTS,
): Promise<SourceCheck> {
  const tree = { path, files };
  const found = resourceFiles(tree).length;
  if (found === 0) return { diagnostics: [], resourceFiles: 0, workloads: 0 };
  const tools = await loadTools();
  const untested = { ...tools, test: () => ({ diagnostics: [], passed: 0, failed: [] }) };
  const { diagnostics, plan } = build(tree, { rights }, untested);
  return { diagnostics, resourceFiles: found, workloads: plan?.workloads.length ?? 0 };
}
