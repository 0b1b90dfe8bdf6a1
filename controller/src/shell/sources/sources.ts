/**
 * Every source that is followed: the mesh's own, those that the operator has named, and those that
 * PolicySources name, which come and go with the commits that are in force.
 */
import { isDeepStrictEqual } from "node:util";
import type { Clock, Log } from "@regomesh/base";
import { type Credential, credentialFor, parsePlace } from "../../git/remote.ts";
import { readAs } from "../../sources/read-as.ts";
import { type Input, ROOT_SOURCE, type SourceContent } from "../../sources/source.ts";
import type { SourcePlan } from "../../sources/source-plan.ts";
import { Keeper } from "../../store/keeper.ts";
import type { Lease } from "../../store/store.ts";
import { FETCH_EVERY_MS, listMirrors, removeMirror } from "../git/mirror.ts";
import { readCommitTree, toContent } from "../git/read-tree.ts";
import { findRepository } from "../git/refs.ts";
import { WORD_KEYS } from "../store/operator-word.ts";
import { readRequired } from "../store/read-kept.ts";
import { FollowedSource, type SourcePlace } from "./followed-source.ts";
import type { OperatedSource } from "./operated-source.ts";

export type SourcesOptions = {
  /** A place in git; or the source itself, where that is none. */
  readonly root: SourcePlace | OperatedSource;
  /** Those that the operator has named. */
  readonly named: readonly SourcePlace[];
  readonly credentials: readonly Credential[];
  readonly knownHosts?: string;
  readonly state: string;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly log: Log;
  readonly onContent: (content: SourceContent) => Promise<void>;
  readonly onTrouble: () => void;
  /** A source is no longer one. */
  readonly onGone: (name: string) => void;
};

/** Mirrors of sources that are gone: an operator may go back to a revision that had them. */
const GONE_MAX = 8;

export class Sources {
  readonly root: OperatedSource;
  readonly #options: SourcesOptions;
  readonly #others = new Map<string, FollowedSource>();
  readonly #keeper: Keeper;
  /** By the operator, whatever resources say. */
  #suspended: ReadonlySet<string>;
  /** One word is kept after the other. */
  #keeping: Promise<void> = Promise.resolve();
  #plans: readonly SourcePlan[] = [];
  /** Named by no commit that is in force, but by one that may be once they are read. */
  #wanted: readonly SourcePlan[] = [];
  /** Mirrors of sources that are gone since the start, the newest last. */
  #gone: readonly { readonly name: string; readonly gitDir: string }[] = [];
  #isStarted = false;
  #isClosed = false;
  #last: Promise<void> = Promise.resolve();

  private constructor(options: SourcesOptions, root: OperatedSource, suspended: ReadonlySet<string>) {
    this.#options = options;
    this.root = root;
    this.#suspended = suspended;
    this.#keeper = new Keeper(options.lease, WORD_KEYS.suspended, options.clock);
  }

  /** Throws GitError where a branch is no name, StoreError where what is kept of them is damaged. */
  static async open(options: SourcesOptions): Promise<Sources> {
    const { root, named, lease } = options;
    const suspended = new Set(await readRequired(lease, WORD_KEYS.suspended, isNames, "no source is suspended then"));
    const sources = new Sources(options, await openRoot(options, root, suspended), suspended);
    for (const place of named) sources.#others.set(place.name, await openOne(options, place, suspended));
    return sources;
  }

  /** The mesh's own first. */
  get all(): readonly OperatedSource[] {
    return [this.root, ...this.#others.values()];
  }

  find(name: string): OperatedSource | undefined {
    return name === ROOT_SOURCE ? this.root : this.#others.get(name);
  }

  /** Whether the operator has suspended it, beside what its resource says. */
  isSuspendedHere(name: string): boolean {
    return this.#suspended.has(name);
  }

  /** As `sync`, of what a commit names that is not in force: it may be for want of what they hold. */
  async want(plans: readonly SourcePlan[]): Promise<void> {
    if (isDeepStrictEqual(plans, this.#wanted)) return;
    this.#wanted = plans;
    await this.sync(this.#plans);
  }

  /**
   * Opens what PolicySources name, closes what they no longer do, and opens anew what they name otherwise. Never
   * rejects: what one of them has wrong is no other's, nor the controller's.
   */
  async sync(plans: readonly SourcePlan[]): Promise<void> {
    this.#plans = plans;
    this.#last = this.#last
      .then(() => this.#sync())
      .catch((error: Error) => {
        this.#options.log.log("error", "what PolicySources name is not followed", { reason: error.message });
      });
    await this.#last;
  }

  async #sync(): Promise<void> {
    const inForce = this.#plans;
    const wanted = this.#wanted.filter(({ name }) => !inForce.some((plan) => plan.name === name));
    const plans = [...inForce, ...wanted];
    const { named, onGone, log } = this.#options;
    const isNamed = (name: string) => name === ROOT_SOURCE || named.some((place) => place.name === name);
    const places = new Map(plans.flatMap((plan) => (isNamed(plan.name) ? [] : [[plan.name, this.#placeOf(plan)]])));
    for (const [name, source] of this.#others) {
      if (isNamed(name)) continue;
      const place = places.get(name);
      if (place !== undefined && isDeepStrictEqual(place, source.place)) continue;
      this.#others.delete(name);
      await source.close();
      await this.#leave(source);
      if (place === undefined) log.log("info", "a source is no longer followed", { source: name });
      // What was newest of another address, or was verified by other keys, is not this one's.
      onGone(name);
    }
    for (const [name, place] of places) {
      if (this.#isClosed || place === undefined || this.#others.has(name)) continue;
      log.log("info", "a source is followed", { source: name });
      const source = await openOne(this.#options, place, this.#suspended).catch((error: Error) => {
        log.log("error", "a source cannot be followed", { source: name, reason: error.message });
      });
      if (source === undefined) continue;
      this.#others.set(name, source);
      if (!this.#isStarted) continue;
      // Its first content is awaited by nobody: what it holds is composed when it is there.
      source.start();
      source.wake();
    }
  }

  /** Repositories that have commits of a source: its own, and those that it had before. */
  async #gitDirsOf(name: string): Promise<readonly string[]> {
    const { repository, mirrorDir, place } = this.find(name) ?? {};
    // Before all is started, one that is suspended has not been looked for.
    const found = repository ?? (await findRepository(mirrorDir ?? place?.directory ?? "").catch(() => undefined));
    const before = this.#gone.flatMap((each) => (each.name === name ? [each.gitDir] : []));
    return [...(found === undefined ? [] : [found.gitDir]), ...before.reverse()];
  }

  /** What a revision was made of; undefined where no repository that is at hand has that commit. */
  async read({ source, id, path, label }: Input): Promise<SourceContent | undefined> {
    for (const gitDir of await this.#gitDirsOf(source)) {
      const tree = await readCommitTree(gitDir, id, path).catch(() => undefined);
      if (tree !== undefined) return toContent(tree, source, label);
    }
    return undefined;
  }

  /** A source is closed: its mirror stays for a while. */
  async #leave({ name, mirrorDir }: FollowedSource): Promise<void> {
    if (mirrorDir === undefined) return;
    const all = [...this.#gone.filter(({ gitDir }) => gitDir !== mirrorDir), { name, gitDir: mirrorDir }];
    this.#gone = all.slice(-GONE_MAX);
    await this.#sweep(all.slice(0, -GONE_MAX).map(({ gitDir }) => gitDir));
  }

  /** Removes mirrors that nobody has any more; one that cannot be removed is so at the next start. */
  async #sweep(gitDirs: readonly string[]): Promise<void> {
    const kept = new Set([
      ...this.all.flatMap((each) => each.mirrorDir ?? []),
      ...this.#gone.map((each) => each.gitDir),
    ]);
    for (const gitDir of gitDirs) {
      if (kept.has(gitDir)) continue;
      const error = await removeMirror(gitDir);
      if (error !== undefined)
        this.#options.log.log("warn", "a mirror of a source that is gone stays", { gitDir, error });
    }
  }

  /** As `want`, and looks once at each. */
  async fetchWanted(plans: readonly SourcePlan[]): Promise<void> {
    await this.want(plans);
    await Promise.all(plans.map(({ name }) => this.#others.get(name)?.fetch()));
  }

  /** Looks once at all but the mesh's own. */
  async fetchOthers(): Promise<void> {
    await Promise.all([...this.#others.values()].map((source) => source.fetch()));
  }

  start(): void {
    this.#isStarted = true;
    const turn = this.#last.then(async () => this.#sweep(await listMirrors(this.#options.state)));
    this.#last = turn.catch(() => {});
    for (const source of this.all) source.start();
  }

  wake(): void {
    for (const source of this.all) source.wake();
  }

  /** What was seen is handed over once more. */
  again(): void {
    for (const source of this.all) source.again();
  }

  /** False where there is no source of that name. Throws StoreError where it cannot be kept: a restart would take it back. */
  async suspend(name: string, isSuspended: boolean): Promise<boolean> {
    if (this.find(name) === undefined) return false;
    const turn = this.#keeping.then(async () => {
      const others = [...this.#suspended].filter((each) => each !== name);
      const suspended = isSuspended ? [...others, name] : others;
      await this.#keeper.keep(`${JSON.stringify(suspended)}\n`);
      this.#suspended = new Set(suspended);
    });
    this.#keeping = turn.catch(() => {});
    await turn;
    // A commit may have opened it anew, or closed it, meanwhile.
    const source = this.find(name);
    source?.suspend(isSuspended || source.place.isSuspended);
    return true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
    await Promise.all(this.all.map((source) => source.close()));
    await this.#keeping;
  }

  /** Undefined where the address is none: no commit with such a one is in force. */
  #placeOf(plan: SourcePlan): SourcePlace | undefined {
    const place = parsePlace(plan.url);
    if (place.kind !== "remote") return undefined;
    const { remote } = place;
    const { branch, tag, commit, verify, interval } = plan;
    const credential = credentialFor(remote.url, this.#options.credentials);
    const { knownHosts } = this.#options;
    const isSsh = remote.transport === "ssh";
    return {
      name: plan.name,
      readAs: readAs(plan),
      remote: {
        remote,
        everyMs: Math.max(interval, FETCH_EVERY_MS / 10),
        ...(credential === undefined ? {} : isSsh ? { sshKey: credential } : { tokenFile: credential }),
        ...(isSsh && knownHosts !== undefined ? { knownHosts } : {}),
        ...(verify === undefined
          ? {}
          : { verify: { keys: verify.keys, what: verify.what === "Tag" ? ("tag" as const) : ("commit" as const) } }),
      },
      follow:
        commit !== undefined
          ? { kind: "commit", hash: commit }
          : tag !== undefined
            ? { kind: "tag", name: tag }
            : { kind: "branch", name: branch ?? "main" },
      path: plan.path ?? "",
      isSuspended: plan.suspend,
    };
  }
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

async function openRoot(
  options: SourcesOptions,
  root: SourcesOptions["root"],
  suspended: ReadonlySet<string>,
): Promise<OperatedSource> {
  if (!("look" in root)) return await openOne(options, root, suspended);
  if (suspended.has(root.name)) root.suspend(true);
  return root;
}

async function openOne(
  { state, clock, log, onContent, onTrouble }: SourcesOptions,
  place: SourcePlace,
  suspended: ReadonlySet<string>,
): Promise<FollowedSource> {
  const source = await FollowedSource.open({ place, state, clock, log, onContent, onTrouble });
  if (suspended.has(place.name)) source.suspend(true);
  return source;
}
