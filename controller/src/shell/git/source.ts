/**
 * The git source: looks where a branch points, and hands over each new commit's files. Only the
 * newest counts. A repository that is away, is not there yet, or is another one behind the same
 * link is a trouble that is told, and looked for again.
 */
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import type { Clock, Log } from "@regomesh/base";
import { ROOT_SOURCE, type SourceContent } from "../../sources/source.ts";
import { GitError } from "./git.ts";
import { noMemory, readCommitTree, toContent } from "./read-tree.ts";
import { BranchHead, checkBranch, findRepository, type Repository } from "./refs.ts";

/** Looking is a few file reads; five times a second is unnoticeable and feels immediate. */
export const LOOK_EVERY_MS = 200;
/** A commit that could not be read or taken (a pack half written, a full disk) is tried again after this. */
const RETRY_MS = 2000;

export type GitSourceOptions = {
  /** Of the source; the mesh's own where none is given. */
  readonly name?: string;
  readonly directory: string;
  /** Of a mirror: what is followed, in place of the branch. That it is not there is for the mirror to say. */
  readonly ref?: string;
  /** As people know it; `git BRANCH` where none is given. */
  readonly label?: string;
  /** `HEAD` follows what is checked out, as git-sync leaves it. */
  readonly branch: string;
  /** A directory of the repository; "" for all of it. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes a commit; the next one is handed over when this is done, the same one again where it throws. */
  readonly onCommit: (content: SourceContent) => Promise<void>;
  /** The trouble is another one, or over. */
  readonly onTrouble?: () => void;
};

type Opened = { readonly place: string; readonly repository: Repository; readonly head: BranchHead };

export class GitSource {
  readonly #options: GitSourceOptions;
  readonly #ending = new AbortController();
  /** Of the commit that was read last. */
  readonly #memory = noMemory();
  #opened: Opened | undefined;
  #watching = new AbortController();
  #seen: string | undefined;
  #trouble: string | undefined;
  #troubleSinceMs = 0;
  #isEmpty = false;
  #isStarted = false;
  #wake: (() => void) | undefined;
  #isWoken = false;
  #running: Promise<void> = Promise.resolve();

  /** Throws GitError where the branch is no name. */
  constructor(options: GitSourceOptions) {
    checkBranch(options.branch);
    this.#options = options;
  }

  /** The repository that was found last; undefined before there was one. */
  get repository(): Repository | undefined {
    return this.#opened?.repository;
  }

  /** What keeps the source from being read, in one sentence; undefined while all is well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Since when there is any; 0 where there is none. */
  get troubleSinceMs(): number {
    return this.#trouble === undefined ? 0 : this.#troubleSinceMs;
  }

  /** The repository is there and has no commit at all: one is to come. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /**
   * One look: hands over a new commit, if there is one. One that could not be taken is handed
   * over again. False where it failed and is better left for a while.
   */
  async look(): Promise<boolean> {
    try {
      this.#setTrouble(await this.#take());
      return true;
    } catch (error) {
      this.#setTrouble(String((error as Error).message));
      return false;
    }
  }

  /** The newest commit is handed over once more, though it was seen. */
  again(): void {
    this.#seen = undefined;
    this.wake();
  }

  /** Looks again and again until it is closed. */
  start(): void {
    this.#isStarted = true;
    if (this.#trouble !== undefined) this.#logTrouble();
    this.#running = (async () => {
      while (!this.#ending.signal.aborted) await this.#pause((await this.look()) ? LOOK_EVERY_MS : RETRY_MS);
    })();
  }

  /** Looks at once: a hook has said that there is something new. */
  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#watching.abort();
    this.wake();
    await this.#running;
  }

  /** Takes the newest commit, if it is new; gives what there is to say where there is none. */
  async #take(): Promise<string | undefined> {
    const { name = ROOT_SOURCE, branch, ref, label = `git ${branch}`, path, onCommit } = this.#options;
    // Its mirror could not be made yet, and says so.
    if (ref !== undefined && !existsSync(this.#options.directory)) return undefined;
    const { head, repository } = await this.#open();
    const hash = await head.read();
    if (hash === undefined) return ref === undefined ? await this.#explainNoBranch(head) : undefined;
    this.#isEmpty = false;
    if (hash === this.#seen) return undefined;
    const tree = await readCommitTree(repository.gitDir, hash, path, this.#memory);
    this.#seen = hash;
    try {
      await onCommit(toContent(tree, name, label));
    } catch (error) {
      this.#seen = undefined;
      const reason = (error as Error).message;
      throw new Error(`commit ${hash.slice(0, 7)} is not taken yet, and is tried again: ${reason}`, { cause: error });
    }
    return undefined;
  }

  /** The repository behind the directory's name now: a link may have been turned to another. */
  async #open(): Promise<Opened> {
    const { directory, branch } = this.#options;
    const place = await realpath(directory).catch(() => {
      throw new GitError("git_repository", `there is no directory ${directory}`);
    });
    if (this.#opened?.place === place) return this.#opened;
    const repository = await findRepository(place).catch((error: Error) => {
      throw error instanceof GitError ? new GitError(error.code, error.message.replace(place, directory)) : error;
    });
    this.#opened = { place, repository, head: new BranchHead(repository, branch, this.#options.ref) };
    this.#watching.abort();
    this.#watching = new AbortController();
    this.#opened.head.watch(() => this.wake(), this.#watching.signal);
    return this.#opened;
  }

  async #explainNoBranch(head: BranchHead): Promise<string> {
    const { directory, branch } = this.#options;
    const { branches, detached } = await head.others();
    this.#isEmpty = branches.length === 0 && detached === undefined && this.#seen === undefined;
    if (this.#isEmpty) return `${directory} has no commit yet`;
    const missing = `${directory} has no branch ${branch} with a commit`;
    if (detached !== undefined)
      return `${missing}; ${detached.slice(0, 7)} is checked out there without one: --branch HEAD follows it`;
    const shown = branches.slice(0, 5).join(", ");
    return `${missing}; it has ${shown}${branches.length > 5 ? " and more" : ""}`;
  }

  #setTrouble(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    if (this.#trouble === undefined) this.#troubleSinceMs = this.#options.clock.nowMs();
    this.#trouble = trouble;
    if (this.#isStarted) this.#logTrouble();
    this.#options.onTrouble?.();
  }

  /** Before the start it is the caller's affair: who cannot start says why. */
  #logTrouble(): void {
    const { log } = this.#options;
    if (this.#trouble === undefined) log.log("info", "the source is read again");
    else log.log("error", "the source is not read", { reason: this.#trouble });
  }

  async #pause(ms: number): Promise<void> {
    if (this.#ending.signal.aborted) return;
    if (!this.#isWoken) {
      const rest = new AbortController();
      this.#wake = () => rest.abort();
      await this.#options.clock.sleep(ms, rest.signal).catch(() => {});
      this.#wake = undefined;
    }
    this.#isWoken = false;
  }
}
