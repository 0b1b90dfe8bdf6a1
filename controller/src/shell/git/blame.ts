/**
 * Lines of a commit around a rule, and who changed the rule last. Made one after the other as
 * decisions are reported, by proxies that have proven who they are; whoever asks for one, which
 * needs no proof, gets what is there and starts no process. A proxy names commit and file, and
 * may be nobody's friend: no more is read than policies of the source, in revisions that proxies
 * were given.
 */
import { copyText } from "@regomesh/base";
import { FILE_BYTES_MAX } from "../../build/select-entries.ts";
import { type Commit, parseNewest } from "../../git/commit.ts";
import { isHash } from "../../git/packed-refs.ts";
import { lastRow } from "../../git/rule-extent.ts";
import { runGit } from "./git.ts";

export type Excerpt = {
  readonly excerpt: readonly { readonly row: number; readonly text: string }[];
  readonly commit?: Changed;
};

/** A file of a revision, where git has it. */
export type PlacedFile = {
  readonly gitDir: string;
  readonly commit: string;
  readonly file: string;
  /** The directory of the repository that is the source; "" for all of it. */
  readonly path: string;
};

/** Where a file is that a revision names; undefined where the revision is not known, or its source is in no git. */
export type PlaceOf = (revision: string, file: string) => PlacedFile | undefined;

export type Changed = Pick<Commit, "hash" | "author" | "subject">;

/** Lines of a file, from 1, both counted in. */
export type Rows = { readonly file: string; readonly row: number; readonly endRow: number };

const BLAME_BYTES_MAX = 4 * 1024 * 1024;

/** The newest commit that changed one of the lines, as the file is in `commit`; undefined where git cannot say. */
export async function newestChange(
  gitDir: string,
  commit: string,
  { file, row, endRow }: Rows,
): Promise<Changed | undefined> {
  // Without --no-textconv a repository's attributes could name a command to run.
  const args = ["blame", "--porcelain", "--no-textconv", "-L", `${row},${endRow}`, commit, "--", file];
  const blame = await runGit({ gitDir, args, bytesMax: BLAME_BYTES_MAX }).catch(() => undefined);
  return blame === undefined ? undefined : parseNewest(blame.toString("utf8"));
}

const ROWS_AROUND = 3;
const TEXT_LENGTH_MAX = 500;
const KEPT_MAX = 500;
/** Two git processes each, one after the other. */
const WAITING_MAX = 100;

/** Proxies may be so many revisions behind and still say what decided. */
const GIVEN_MAX = 256;

function keyOf(commit: string, file: string, row: number): string {
  return `${commit} ${row} ${file}`;
}

/** A path as git names it, of a policy that the source holds. */
function isPolicy(file: string, path: string): boolean {
  const isWhole = file.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  return isWhole && file.endsWith(".rego") && (path === "" || file.startsWith(`${path}/`));
}

export class Excerpts {
  readonly #place: PlaceOf;
  readonly #calm: () => Promise<void>;
  /** Commits that were given to proxies, the newest last. */
  readonly #given = new Set<string>();
  readonly #kept = new Map<string, Promise<Excerpt | undefined>>();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** `calm` resolves when there is nothing more urgent: to start a process holds everything else up. */
  constructor(place: PlaceOf, calm: () => Promise<void> = async () => {}) {
    this.#place = place;
    this.#calm = calm;
  }

  /** Proxies are given a revision: they may name its commit. */
  give(commit: string): void {
    this.#given.delete(commit);
    this.#given.add(commit);
    const [oldest] = this.#given;
    if (this.#given.size > GIVEN_MAX && oldest !== undefined) this.#given.delete(oldest);
  }

  /** Whether proxies were given that revision: of any other one they may say what they want. */
  isGiven(commit: string): boolean {
    return this.#given.has(commit);
  }

  /** Undefined where the commit has no such line, or none was prepared. */
  async read(commit: string, file: string, row: number): Promise<Excerpt | undefined> {
    return await this.#kept.get(keyOf(commit, file, row));
  }

  /** Has an excerpt made, unless it is there or too many are waited for. */
  prepare(commit: string, file: string, row: number): void {
    const key = keyOf(commit, file, row);
    if (!Number.isInteger(row) || row < 1 || this.#kept.has(key)) return;
    if (this.#waiting >= WAITING_MAX || !this.#given.has(commit)) return;
    const at = this.#place(commit, file);
    if (at === undefined || !isHash(at.commit) || !isPolicy(at.file, at.path)) return;
    this.#waiting++;
    const read = this.#last
      .then(() => this.#calm())
      .then(() => this.#read(at, row))
      .catch(() => undefined)
      .finally(() => this.#waiting--);
    this.#last = read;
    this.#kept.set(key, read);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }

  async #read({ gitDir, commit, file }: PlacedFile, row: number): Promise<Excerpt | undefined> {
    const content = await runGit({ gitDir, args: ["cat-file", "blob", `${commit}:${file}`], bytesMax: FILE_BYTES_MAX });
    const lines = content.toString("utf8").split("\n");
    if (row > lines.length) return undefined;
    const first = Math.max(1, row - ROWS_AROUND);
    // Of each of many commits: the few lines are kept, the file is not.
    const excerpt = lines
      .slice(first - 1, row + ROWS_AROUND)
      .map((text, at) => ({ row: first + at, text: copyText(text.replace(/\r$/, "").slice(0, TEXT_LENGTH_MAX)) }));
    const author = await newestChange(gitDir, commit, { file, row, endRow: lastRow(lines, row) });
    return { excerpt, ...(author === undefined ? {} : { commit: author }) };
  }
}
