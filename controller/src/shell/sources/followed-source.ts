/** A git source while it is followed: a directory of this machine, or a mirror of a remote that is fetched. */
import type { Clock, Log } from "@regomesh/base";
import { type Followed, labelFollowed } from "../../git/followed.ts";
import type { SourceContent, SourceTrouble, TroubleReason } from "../../sources/source.ts";
import { Mirror, type MirrorOptions } from "../git/mirror.ts";
import type { Repository } from "../git/refs.ts";
import { GitSource } from "../git/source.ts";
import type { OperatedSource } from "./operated-source.ts";

/** Where a source is, and what of it is read. */
export type SourcePlace = {
  readonly name: string;
  /** Of a cluster: its API server. */
  readonly cluster?: string;
  /** A directory of this machine; absent of a remote. */
  readonly directory?: string;
  readonly remote?: Pick<MirrorOptions, "remote" | "tokenFile" | "sshKey" | "knownHosts" | "everyMs" | "verify">;
  readonly follow: Followed;
  /** The directory of the repository that is the source; "" for all. */
  readonly path: string;
  readonly isSuspended: boolean;
  /** Of a PolicySource: what its contents say that they were read as. */
  readonly readAs?: string;
};

export type FollowedOptions = {
  readonly place: SourcePlace;
  /** Below which a mirror is kept. */
  readonly state: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes what is new; it is handed over again where that throws. */
  readonly onContent: (content: SourceContent) => Promise<void>;
  readonly onTrouble: () => void;
};

export class FollowedSource implements OperatedSource {
  readonly place: SourcePlace;
  readonly label: string;
  readonly #options: FollowedOptions;
  readonly #mirror: Mirror | undefined;
  readonly #git: GitSource;
  readonly #troubles: Map<TroubleReason, SourceTrouble>;
  #isSuspended: boolean;
  #isStarted = false;

  private constructor(
    options: FollowedOptions,
    mirror: Mirror | undefined,
    troubles: Map<TroubleReason, SourceTrouble>,
  ) {
    const { place, clock, log } = options;
    this.place = place;
    this.label = labelFollowed(place.follow);
    this.#options = options;
    this.#mirror = mirror;
    this.#troubles = troubles;
    this.#isSuspended = place.isSuspended;
    this.#git = new GitSource({
      name: place.name,
      label: this.label,
      directory: mirror?.gitDir ?? place.directory ?? "",
      branch: place.follow.kind === "branch" ? place.follow.name : "main",
      ...(mirror === undefined ? {} : { ref: mirror.ref }),
      path: place.path,
      clock,
      log,
      onCommit: async (content) => {
        if (this.#isSuspended) return;
        await options.onContent(place.readAs === undefined ? content : { ...content, readAs: place.readAs });
      },
      onTrouble: () => options.onTrouble(),
    });
  }

  /** Throws GitError where the branch is no name. A remote is fetched by the first look. */
  static async open(options: FollowedOptions): Promise<FollowedSource> {
    const { place, state, clock, log, onTrouble } = options;
    const troubles = new Map<TroubleReason, SourceTrouble>();
    const tell = (reasons: readonly TroubleReason[], found: Omit<SourceTrouble, "sinceMs"> | undefined) => {
      const [before] = reasons.flatMap((reason) => troubles.get(reason) ?? []);
      if (before?.message === found?.message && before?.reason === found?.reason) return;
      for (const reason of reasons) troubles.delete(reason);
      if (found !== undefined) {
        const sinceMs = before?.reason === found.reason ? before.sinceMs : clock.nowMs();
        troubles.set(found.reason, { ...found, sinceMs });
        log.log("error", "the remote repository", { source: place.name, reason: found.message });
      }
      onTrouble();
    };
    const mirror =
      place.remote === undefined
        ? undefined
        : await Mirror.open({
            ...place.remote,
            follow: place.follow,
            name: place.name,
            state,
            clock,
            log,
            onFetched: () => source?.wakeLooks(),
            onTrouble: (trouble) => tell(FETCHING, trouble),
            onRewritten: (message) =>
              tell(["rewritten"], message === undefined ? undefined : { reason: "rewritten", message }),
          });
    const source: FollowedSource = new FollowedSource(options, mirror, troubles);
    return source;
  }

  get name(): string {
    return this.place.name;
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  get repository(): Repository | undefined {
    return this.#git.repository;
  }

  get mirrorDir(): string | undefined {
    return this.#mirror?.gitDir;
  }

  /** The repository is there and has no commit at all: one is to come. */
  get isEmpty(): boolean {
    return this.#git.isEmpty;
  }

  /** What keeps commits that are there from being read or taken, in one sentence. */
  get readTrouble(): string | undefined {
    return this.#git.trouble;
  }

  get troubles(): readonly SourceTrouble[] {
    const { trouble, troubleSinceMs } = this.#git;
    const own: readonly SourceTrouble[] =
      trouble === undefined ? [] : [{ reason: reasonOf(trouble), message: trouble, sinceMs: troubleSinceMs }];
    return [...this.#troubles.values(), ...own];
  }

  /** Fetches once, where there is something to fetch, and hands over what is new. */
  async fetch(): Promise<void> {
    if (this.#isSuspended) return;
    await this.#mirror?.fetch();
    await this.look();
  }

  async look(): Promise<boolean> {
    return this.#isSuspended ? true : await this.#git.look();
  }

  start(): void {
    this.#isStarted = true;
    this.#git.start();
    if (!this.#isSuspended) this.#mirror?.start();
  }

  wake(): void {
    if (this.#mirror === undefined) this.#git.wake();
    else this.#mirror.wake();
  }

  /** What was fetched is there to be read. */
  wakeLooks(): void {
    this.#git.wake();
  }

  again(): void {
    this.#git.again();
  }

  /** Nothing new is taken while it is suspended; what is in force stays. */
  suspend(isSuspended: boolean): void {
    if (this.#isSuspended === isSuspended) return;
    this.#isSuspended = isSuspended;
    this.#options.onTrouble();
    if (isSuspended || !this.#isStarted) return;
    this.#mirror?.start();
    this.wake();
    this.again();
  }

  async close(): Promise<void> {
    await Promise.all([this.#mirror?.close(), this.#git.close()]);
  }
}

/** Reasons that the fetching of a remote has, one at a time. */
const FETCHING = ["unreachable", "credentials", "host-key", "no-branch", "unverified", "limit"] as const;

function reasonOf(trouble: string): TroubleReason {
  return / has no (branch|commit)/.test(trouble) ? "no-branch" : "unreadable";
}
