/** The git source: looks where a branch points, and hands over each new commit's files. Only the newest counts. */
import type { Clock, Log } from "@regomesh/base";
import { type CommitTree, readCommitTree } from "./read-tree.ts";
import { BranchHead, findRepository, type Repository } from "./refs.ts";

/** Looking is two file reads; five times a second is unnoticeable and feels immediate. */
export const LOOK_EVERY_MS = 200;
/** A commit that could not be read or taken (a pack half written, a full disk) is tried again after this. */
const RETRY_MS = 2000;

export type GitSourceOptions = {
  readonly directory: string;
  readonly branch: string;
  /** A directory of the repository; "" for all of it. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes a commit; the next one is handed over when this is done, the same one again where it throws. */
  readonly onCommit: (tree: CommitTree) => Promise<void>;
};

export class GitSource {
  readonly repository: Repository;
  readonly #options: GitSourceOptions;
  readonly #head: BranchHead;
  readonly #ending = new AbortController();
  #seen: string | undefined;
  #trouble: string | undefined;
  #wake: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(options: GitSourceOptions, repository: Repository) {
    this.#options = options;
    this.repository = repository;
    this.#head = new BranchHead(repository, options.branch);
  }

  /** Opens the source; throws GitError where the directory is no repository or the branch no name. */
  static async open(options: GitSourceOptions): Promise<GitSource> {
    return new GitSource(options, await findRepository(options.directory));
  }

  /** What keeps the source from being read, in one sentence; undefined while all is well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** One look: hands over a new commit, if there is one. One that could not be taken is handed over again. */
  async look(): Promise<void> {
    try {
      await this.#take();
    } catch (error) {
      const message = String((error as Error).message);
      if (this.#trouble !== message)
        this.#options.log.log("error", "the newest commit is not taken", { reason: message });
      this.#trouble = message;
      await this.#pause(RETRY_MS);
    }
  }

  async #take(): Promise<void> {
    const { branch, directory, path, onCommit } = this.#options;
    const hash = await this.#head.read();
    if (hash === undefined) {
      this.#trouble = `${directory} has no branch ${branch} with a commit`;
      return;
    }
    if (hash !== this.#seen) {
      const tree = await readCommitTree(this.repository.gitDir, hash, path);
      try {
        await onCommit(tree);
      } catch (error) {
        const reason = (error as Error).message;
        throw new Error(`commit ${hash.slice(0, 7)} is not taken yet, and is tried again: ${reason}`, { cause: error });
      }
      this.#seen = hash;
    }
    this.#trouble = undefined;
  }

  /** Looks again and again until it is closed. */
  start(): void {
    this.#head.watch(() => this.wake(), this.#ending.signal);
    this.#running = (async () => {
      while (!this.#ending.signal.aborted) {
        await this.look();
        await this.#pause(LOOK_EVERY_MS);
      }
    })();
  }

  /** Looks at once: a hook has said that there is something new. */
  wake(): void {
    this.#wake?.();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.wake();
    await this.#running;
  }

  async #pause(ms: number): Promise<void> {
    if (this.#ending.signal.aborted) return;
    const rest = new AbortController();
    this.#wake = () => rest.abort();
    await this.#options.clock.sleep(ms, rest.signal).catch(() => {});
    this.#wake = undefined;
  }
}
