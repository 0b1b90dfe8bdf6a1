/** The sources of revisions, read again from git for whoever asks about them: the last few are kept. */
import { isHash } from "../../git/packed-refs.ts";
import { type CommitTree, readCommitTree } from "./read-tree.ts";

/** People ask about what is in force and what was before; a tree may be some megabytes. */
const KEPT_MAX = 2;

export class RevisionTrees {
  readonly #gitDir: () => string | undefined;
  readonly #path: string;
  readonly #kept = new Map<string, Promise<CommitTree>>();

  /** `path` is the directory of the repository that is the source. */
  constructor(gitDir: () => string | undefined, path: string) {
    this.#gitDir = gitDir;
    this.#path = path;
  }

  /** Undefined where there is no repository or the revision is no commit. Throws GitError where git cannot read it. */
  async read(revision: string): Promise<CommitTree | undefined> {
    const gitDir = this.#gitDir();
    if (gitDir === undefined || !isHash(revision)) return undefined;
    const known = this.#kept.get(revision);
    if (known !== undefined) return await known;
    const reading = readCommitTree(gitDir, revision, this.#path);
    this.#kept.set(revision, reading);
    reading.catch(() => this.#kept.delete(revision));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    return await reading;
  }
}
