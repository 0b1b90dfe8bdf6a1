/** A directory checked as a commit of it would be, by the function that the controller builds commits with. */
import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type DiagnosticRecord, NO_FILE, type Source } from "@regomesh/base";
import { isNamedAsUnits } from "@regomesh/policy-compiler/units";
import { parseResources } from "@regomesh/resources";
import type { FailedTestBody } from "../api/releases.ts";
import { boundUnits, build, namedBy, testMesh } from "../build/build.ts";
import { mountTree, resourceFiles, type SourceTree, type Unread } from "../build/source-tree.ts";
import { ALL_RIGHTS, type SourceRights } from "../index/rights.ts";
import type { SourcePlan } from "../sources/source-plan.ts";
import { loadTools } from "./build/compiler.ts";
import { readWorkTree } from "./git/work-tree.ts";
import { type Against, checkLoss, readStanding, StandingError } from "./standing.ts";

export type SourceCheck = {
  /** The directory from which files are named. */
  readonly top: string;
  /** What would be read of a commit, by paths from the repository's root. */
  readonly files: readonly Source[];
  /** What units among the files would be made of, too, and could not be read. */
  readonly unread: readonly Unread[];
  /** What was read of PolicySources: `top` is where the files are named from, `name:` before each. */
  readonly others: readonly { readonly name: string; readonly top: string; readonly files: readonly Source[] }[];
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

export type CheckOptions = {
  readonly rights?: SourceRights;
  readonly against?: Against | undefined;
  /** Directories that hold what PolicySources name, by their names. */
  readonly checkouts?: Readonly<Record<string, string>>;
};

/** Throws GitError where git cannot read a directory, StandingError where what it is held against or checked with cannot be read. */
export async function checkSource(
  directory: string,
  { rights = ALL_RIGHTS, against, checkouts = {} }: CheckOptions = {},
): Promise<SourceCheck> {
  const { tree, top, repository } = await readWorkTree(directory);
  const standing = against && (await readStanding(against, { rights, path: tree.path, repository }));
  const rules = { rights, trustDomain: standing?.trustDomain, hosts: standing?.hosts };
  const tools = await loadTools();
  // What a source that is wrong by itself names is not known.
  const named = namedBy(tree, rules, tools);
  const others = named === undefined ? [] : await readCheckouts(named, checkouts);
  const built = build([tree, ...others.map(({ tree: other }) => other)], rules, tools);
  const { failedTests, plan } = built;
  const missing = (named ?? []).filter(({ name }) => !Object.hasOwn(checkouts, name));
  const unread = missing.map(({ name }) => name);
  const lost = plan && standing ? checkLoss(standing, plan, unread) : [];
  return {
    top,
    files: tree.files,
    unread: (tree.unread ?? []).filter(({ name, isDocument }) => !isDocument && isNamedAsUnits(name)),
    others: others.map(({ name, top: place, tree: other }) => ({ name, top: place, files: mountTree(other).files })),
    path: tree.path,
    diagnostics: [...built.diagnostics, ...lost, ...(plan === undefined ? wantOf(missing) : [])],
    failedTests,
    resourceFiles: resourceFiles(tree).length,
    workloads: plan?.workloads.length ?? 0,
    isTaken: plan !== undefined && lost.length === 0,
    boundUnits: boundUnits([tree]),
  };
}

type Checkout = { readonly name: string; readonly top: string; readonly tree: SourceTree };

async function readCheckouts(
  named: readonly SourcePlan[],
  checkouts: NonNullable<CheckOptions["checkouts"]>,
): Promise<readonly Checkout[]> {
  const read = Object.entries(checkouts).map(async ([name, directory]): Promise<Checkout> => {
    const plan = named.find((each) => each.name === name);
    if (plan === undefined) {
      const known = named.length === 0 ? "" : `: there are ${named.map((each) => each.name).join(", ")}`;
      throw new StandingError(`no PolicySource is named ${name}${known}`);
    }
    const place = resolve(await realpath(directory).catch(() => directory), plan.path ?? "");
    const facts = await stat(place).catch(() => undefined);
    if (facts?.isDirectory() !== true) throw new StandingError(`${place}, of PolicySource ${name}: no such directory`);
    // A commit holds the link, not what it leads to.
    if ((await realpath(place)) !== place)
      throw new StandingError(`${place}, of PolicySource ${name}: it is a symbolic link, which is not followed`);
    const { tree, top } = await readWorkTree(place);
    return { name, top, tree: { ...tree, source: name } };
  });
  return await Promise.all(read);
}

/** What is refused may be so for want of what these hold. */
function wantOf(missing: readonly SourcePlan[]): readonly DiagnosticRecord[] {
  const [first] = missing;
  if (first === undefined) return [];
  const names = missing.map(({ name }) => name).join(", ");
  return [
    {
      ...{ code: "source_unread", severity: "warning", file: NO_FILE, row: 1, column: 1 },
      message: `what is refused may want what PolicySources hold that are not read here: ${names}`,
      hint: `give a checkout of each, as by --source ${first.name}=DIR`,
    },
  ];
}

/**
 * The MeshTests of files, named as people know them, and what keeps them from being run; without
 * any among them, right or wrong, nothing is loaded.
 */
export async function testMeshOf(files: readonly Source[]): Promise<ReturnType<typeof testMesh>> {
  const tree = { path: "", files };
  const isAny = resourceFiles(tree).some((file) => parseResources(file).heads.some(({ kind }) => kind === "MeshTest"));
  return isAny ? testMesh([tree], { rights: ALL_RIGHTS }, await loadTools()) : { diagnostics: [], results: [] };
}
