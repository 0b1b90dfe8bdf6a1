/** The sources of revisions, read again for whoever asks about them: the last few are kept. */
import type { SourceTree } from "../../build/source-tree.ts";
import { isHash } from "../../git/packed-refs.ts";
import type { Input } from "../../sources/source.ts";
import { readCommitTree } from "./read-tree.ts";

/** People ask about what is in force and what was before; a tree may be some megabytes. */
const KEPT_MAX = 2;

export type RevisionTreesOptions = {
  readonly inputsOf: (revision: string) => readonly Input[] | undefined;
  /** The repository of a source; undefined where it has none, or it cannot be found. */
  readonly gitDirOf: (source: string) => string | undefined;
  /** What is at hand of an input without its repository. */
  readonly held: (input: Input) => SourceTree | undefined;
};

export class RevisionTrees {
  readonly #options: RevisionTreesOptions;
  readonly #kept = new Map<string, Promise<readonly SourceTree[] | undefined>>();

  constructor(options: RevisionTreesOptions) {
    this.#options = options;
  }

  /** A tree for each source; undefined where the revision is none that proxies were given, or cannot be had. Throws GitError. */
  async read(revision: string): Promise<readonly SourceTree[] | undefined> {
    const inputs = this.#options.inputsOf(revision);
    if (inputs === undefined) return undefined;
    const key = JSON.stringify(inputs.map(({ source, id, path }) => [source, id, path]));
    const known = this.#kept.get(key);
    if (known !== undefined) return await known;
    const reading = this.#read(inputs);
    this.#kept.set(key, reading);
    reading.then(
      (found) => found === undefined && this.#kept.delete(key),
      () => this.#kept.delete(key),
    );
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    return await reading;
  }

  async #read(inputs: readonly Input[]): Promise<readonly SourceTree[] | undefined> {
    const trees = await Promise.all(inputs.map((input) => this.#readOne(input)));
    return trees.some((tree) => tree === undefined) ? undefined : trees.flatMap((tree) => tree ?? []);
  }

  async #readOne(input: Input): Promise<SourceTree | undefined> {
    const { source, id, path } = input;
    const held = this.#options.held(input);
    const gitDir = this.#options.gitDirOf(source);
    if (held === undefined && (gitDir === undefined || !isHash(id))) return undefined;
    const { files, unread } = held ?? (await readCommitTree(gitDir ?? "", id, path));
    return { source, path, files, ...(unread === undefined ? {} : { unread }) };
  }
}
