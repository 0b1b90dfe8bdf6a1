/**
 * What a source is held against before it is a commit: what is in force, as far as somebody can
 * say. A controller knows it; elsewhere a revision of the repository, another directory or the
 * controller's state folder stands for it.
 */
import { stat } from "node:fs/promises";
import type { DiagnosticRecord } from "@regomesh/base";
import { printRecord } from "@regomesh/base";
import { snapshotHash } from "@regomesh/protocol";
import { holdingsOf, type MeshPlan } from "../build/build.ts";
import type { SourceTree } from "../build/source-tree.ts";
import { whyNotServed } from "../distribution/release.ts";
import type { HostOwners } from "../index/hosts.ts";
import {
  heldBy,
  type Inventory,
  inventoryOf,
  lossOf,
  names,
  remembered,
  toLossRecords,
  wayToConfirm,
} from "../index/loss.ts";
import type { SourceRights } from "../index/rights.ts";
import { inputsOf } from "../sources/inputs.ts";
import { ROOT_SOURCE } from "../sources/source.ts";
import { Authority } from "./ca/authority.ts";
import { runGit } from "./git/git.ts";
import { type Git, readMessages, readTree } from "./git/read-tree.ts";
import type { Repository } from "./git/refs.ts";
import { readWorkTree } from "./git/work-tree.ts";
import { FolderStore } from "./store/folder-store.ts";
import { readKnownProxies } from "./store/kept-list.ts";
import { readLastGood } from "./store/last-good.ts";

export type Against =
  /** A revision of the repository that the source is in, or else a directory, which is at `place`. */
  | { readonly kind: "base"; readonly name: string; readonly place: string }
  /** A controller's state folder. */
  | { readonly kind: "state"; readonly folder: string };

export type Standing = {
  /** Undefined where nothing is in force. */
  readonly inventory: Inventory | undefined;
  readonly trustDomain: string | undefined;
  readonly hosts: HostOwners | undefined;
  /** Of the commits since, down to the one that is checked out: the word may stand in one. */
  readonly messages: string;
  /** A controller serves it, and can be told that a loss is meant. */
  readonly isServed: boolean;
  /** Sources of it that no PolicySource names: its operator has. */
  readonly operatorSources?: readonly string[];
};

/** What stands for what is in force cannot be read: a sentence for whoever named it. */
export class StandingError extends Error {}

export type StandingPlace = {
  readonly rights: SourceRights;
  /** The source's directory in its repository, "" for all of it. */
  readonly path: string;
  readonly repository: Repository | undefined;
};

/** Hashes, and names of revisions. */
const NAME_BYTES_MAX = 4096;

/** Throws StandingError, or GitError. */
export async function readStanding(against: Against, place: StandingPlace): Promise<Standing> {
  switch (against.kind) {
    case "base":
      return await standingOfBase(against, place);
    case "state":
      return await standingOfState(against.folder, place);
  }
}

/**
 * What a plan takes away from what stands, where no commit since has said that it is meant. `unread`: sources that it
 * was made without; what they hold stays.
 */
export function checkLoss(standing: Standing, plan: MeshPlan, unread: readonly string[]): readonly DiagnosticRecord[] {
  const own = inventoryOf(plan);
  const before = standing.inventory ?? own;
  const stays = [...unread, ...(standing.operatorSources ?? [])].flatMap((name) => heldBy(before, name) ?? []);
  const after: Inventory = {
    ...own,
    bindings: [...own.bindings, ...stays.flatMap(({ bindings }) => bindings)],
    workloads: [...own.workloads, ...stays.flatMap(({ workloads }) => workloads)],
  };
  const loss = lossOf(before, after, { pathMissing: undefined, digest: snapshotHash });
  if (loss === undefined || names(standing.messages, loss)) return [];
  return toLossRecords(loss, wayToConfirm(loss, standing.isServed));
}

async function standingOfBase(
  { name, place }: Extract<Against, { kind: "base" }>,
  { rights, path, repository }: StandingPlace,
): Promise<Standing> {
  const hash = await hashOf(repository, name);
  if (hash !== undefined && repository !== undefined) {
    const tree = await readTree(gitOf(repository), hash, path);
    return { ...holdings(tree, rights, name), messages: await messagesSince(repository, hash), isServed: false };
  }
  if (!(await isFolder(place)))
    throw new StandingError(`${name} is neither a revision of the repository nor a directory`);
  const { tree } = await readWorkTree(place);
  return { ...holdings(tree, rights, name), messages: "", isServed: false };
}

/** As a controller that starts on the folder finds it: the last good release, or the workloads whose proxies were there. */
async function standingOfState(folder: string, { repository }: StandingPlace): Promise<Standing> {
  if (!(await isFolder(folder))) throw new StandingError(`there is no folder ${folder}`);
  const store = await FolderStore.open(folder);
  const trustDomain = await Authority.trustDomainOf(store);
  const { kept, fault } = await readLastGood(store);
  if (kept === undefined && fault !== undefined) throw new StandingError(`what is in force cannot be read: ${fault}`);
  const known = (await readKnownProxies(store)).map(({ workload }) => workload);
  if (kept === undefined || whyNotServed(kept.release, trustDomain) !== undefined) {
    return { inventory: remembered(known), trustDomain, hosts: undefined, messages: "", isServed: false };
  }
  const { plan } = kept.release;
  const isNamed = (source: string) => source === ROOT_SOURCE || plan.sources?.some(({ name }) => name === source);
  const since = inputsOf(kept.release).find(({ source }) => source === ROOT_SOURCE)?.id;
  return {
    inventory: inventoryOf(plan),
    trustDomain: trustDomain ?? plan.mesh.trustDomain,
    hosts: plan.inventory?.hosts,
    messages: await messagesSince(repository, since),
    isServed: true,
    operatorSources: Object.keys(plan.inventory?.sources ?? {}).filter((source) => !isNamed(source)),
  };
}

function holdings(
  tree: SourceTree,
  rights: SourceRights,
  name: string,
): Pick<Standing, "inventory" | "trustDomain" | "hosts"> {
  const found = holdingsOf(tree, { rights });
  if (found.inventory !== undefined)
    return { inventory: found.inventory, trustDomain: found.trustDomain, hosts: found.inventory.hosts };
  const [first] = found.diagnostics.filter(({ severity }) => severity === "error");
  throw new StandingError(`${name} does not stand by itself${first === undefined ? "" : `: ${printRecord(first)}`}`);
}

async function messagesSince(repository: Repository | undefined, ancestor: string | undefined): Promise<string> {
  const head = await hashOf(repository, "HEAD");
  if (repository === undefined || head === undefined || ancestor === undefined) return "";
  return await readMessages(gitOf(repository), ancestor, head);
}

async function hashOf(repository: Repository | undefined, name: string): Promise<string | undefined> {
  if (repository === undefined || name.startsWith("-")) return undefined;
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
  const output = await gitOf(repository)(args, NAME_BYTES_MAX).catch(() => undefined);
  return output?.toString("utf8").trim() || undefined;
}

async function isFolder(place: string): Promise<boolean> {
  return (await stat(place).catch(() => undefined))?.isDirectory() === true;
}

function gitOf({ gitDir }: Repository): Git {
  return (args, bytesMax, input) => runGit({ gitDir, args, bytesMax, ...(input === undefined ? {} : { input }) });
}
