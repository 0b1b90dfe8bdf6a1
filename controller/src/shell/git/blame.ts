/** Lines of a commit around a rule, and who wrote that line. */

import { FILE_BYTES_MAX } from "../../build/select-entries.ts";
import { type Commit, parseBlame } from "../../git/commit.ts";
import { isHash } from "../../git/packed-refs.ts";
import { runGit } from "./git.ts";

export type Excerpt = {
  readonly excerpt: readonly { readonly row: number; readonly text: string }[];
  readonly commit?: Pick<Commit, "hash" | "author" | "subject">;
};

const ROWS_AROUND = 3;
const TEXT_LENGTH_MAX = 500;
const KEPT_MAX = 500;

export class Excerpts {
  readonly #gitDir: () => string | undefined;
  readonly #kept = new Map<string, Promise<Excerpt | undefined>>();

  constructor(gitDir: () => string | undefined) {
    this.#gitDir = gitDir;
  }

  /** Undefined where the commit has no such line. */
  read(commit: string, file: string, row: number): Promise<Excerpt | undefined> {
    if (!isHash(commit) || !Number.isInteger(row) || row < 1) return Promise.resolve(undefined);
    const key = `${commit} ${row} ${file}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const read = this.#read(commit, file, row).catch(() => undefined);
    this.#kept.set(key, read);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    return read;
  }

  async #read(commit: string, file: string, row: number): Promise<Excerpt | undefined> {
    const gitDir = this.#gitDir();
    if (gitDir === undefined) return undefined;
    const content = await runGit({ gitDir, args: ["cat-file", "blob", `${commit}:${file}`], bytesMax: FILE_BYTES_MAX });
    const lines = content.toString("utf8").split("\n");
    if (row > lines.length) return undefined;
    const first = Math.max(1, row - ROWS_AROUND);
    const excerpt = lines
      .slice(first - 1, row + ROWS_AROUND)
      .map((text, at) => ({ row: first + at, text: text.replace(/\r$/, "").slice(0, TEXT_LENGTH_MAX) }));
    // Without --no-textconv a repository's attributes could name a command to run.
    const args = ["blame", "--porcelain", "--no-textconv", "-L", `${row},${row}`, commit, "--", file];
    const blame = await runGit({ gitDir, args, bytesMax: 1024 * 1024 }).catch(() => undefined);
    const author = blame === undefined ? undefined : parseBlame(blame.toString("utf8"));
    return { excerpt, ...(author === undefined ? {} : { commit: author }) };
  }
}
