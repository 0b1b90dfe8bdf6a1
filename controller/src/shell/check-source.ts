/** A directory checked as a commit of it would be, by the function that the controller builds commits with. */
import type { DiagnosticRecord, Source } from "@regomesh/base";
import { isNamedAsUnits } from "@regomesh/policy-compiler/units";
import { parseResources } from "@regomesh/resources";
import type { FailedTestBody } from "../api/releases.ts";
import { boundUnits, build, testMesh } from "../build/build.ts";
import { resourceFiles, type Unread } from "../build/source-tree.ts";
import { ALL_RIGHTS, type SourceRights } from "../index/rights.ts";
import { loadTools } from "./build/compiler.ts";
import { readWorkTree } from "./git/work-tree.ts";
import { type Against, checkLoss, readStanding } from "./standing.ts";

export type SourceCheck = {
  /** The directory from which files are named. */
  readonly top: string;
  /** What would be read of a commit, by paths from the repository's root. */
  readonly files: readonly Source[];
  /** What units among the files would be made of, too, and could not be read. */
  readonly unread: readonly Unread[];
  /** Directory of the repository that was checked; "" is all of it. */
  readonly path: string;
  readonly diagnostics: readonly DiagnosticRecord[];
  readonly failedTests: readonly FailedTestBody[];
  /** Files that hold resources; where there are none, the policies alone are for the caller to check. */
  readonly resourceFiles: number;
  readonly workloads: number;
  /** The controller would take a commit of it. */
  readonly isTaken: boolean;
  /** Units that a binding names. */
  readonly boundUnits: readonly string[];
};

/** Throws GitError where git cannot read the directory, StandingError where what it is held against cannot be read. */
export async function checkSource(
  directory: string,
  rights: SourceRights = ALL_RIGHTS,
  against?: Against,
): Promise<SourceCheck> {
  const { tree, top, repository } = await readWorkTree(directory);
  const standing = against && (await readStanding(against, { rights, path: tree.path, repository }));
  const rules = { rights, trustDomain: standing?.trustDomain, hosts: standing?.hosts };
  const built = build([tree], rules, await loadTools());
  const { failedTests, plan } = built;
  const lost = plan && standing ? checkLoss(standing, plan) : [];
  const diagnostics = [...built.diagnostics, ...lost];
  return {
    top,
    files: tree.files,
    unread: (tree.unread ?? []).filter(({ name, isDocument }) => !isDocument && isNamedAsUnits(name)),
    path: tree.path,
    diagnostics,
    failedTests,
    resourceFiles: resourceFiles(tree).length,
    workloads: plan?.workloads.length ?? 0,
    isTaken: plan !== undefined && lost.length === 0,
    boundUnits: boundUnits([tree]),
  };
}

/**
 * The MeshTests of files, named as people know them, and what keeps them from being run; without
 * any among them nothing is loaded.
 */
export async function testMeshOf(files: readonly Source[]): Promise<ReturnType<typeof testMesh>> {
  const tree = { path: "", files };
  const isAny = resourceFiles(tree).some((file) =>
    parseResources(file).resources.some(({ kind }) => kind === "MeshTest"),
  );
  return isAny ? testMesh([tree], { rights: ALL_RIGHTS }, await loadTools()) : { diagnostics: [], results: [] };
}
