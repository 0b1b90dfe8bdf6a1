/** Where a branch points, read from the repository's files: cheap enough for every 200 ms. */
import { watch } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { findPackedRef, isHash, isRefName, parseLooseRef } from "../../git/packed-refs.ts";
import { GitError, runGit } from "./git.ts";

/** A ref that names a ref that names a ref: git itself follows five. */
const SYMREFS_MAX = 5;
/** In place of a branch: what is checked out. */
const CHECKED_OUT = "HEAD";
const PACKED_BYTES_MAX = 64 * 1024 * 1024;

export type Repository = {
  /** Of this work tree. */
  readonly gitDir: string;
  /** Where refs and objects are; differs from gitDir in a linked work tree. */
  readonly commonDir: string;
};

/** Finds the git directory of a work tree, a linked work tree or a bare repository. */
export async function findRepository(directory: string): Promise<Repository> {
  const dotGit = join(directory, ".git");
  const kind = await stat(dotGit).catch(() => undefined);
  let gitDir = directory;
  if (kind?.isDirectory()) gitDir = dotGit;
  else if (kind?.isFile()) {
    const [, target] = /^gitdir: (.+)$/m.exec(await readFile(dotGit, "utf8")) ?? [];
    if (target !== undefined) gitDir = isAbsolute(target) ? target : resolve(directory, target);
  }
  if (!(await isFile(join(gitDir, "HEAD"))))
    throw new GitError("git_repository", `${directory} is not a git repository`);
  const common = await readText(join(gitDir, "commondir"));
  return { gitDir, commonDir: common === undefined ? gitDir : resolve(gitDir, common.trim()) };
}

/** Throws GitError where a branch is no name that git takes. */
export function checkBranch(branch: string): void {
  if (!isRefName(branch)) throw new GitError("git_repository", `${branch} is not a branch's name`);
}

export class BranchHead {
  readonly #repository: Repository;
  readonly #ref: string;
  #packed: { readonly signature: string; readonly text: string } | undefined;
  #reftable: { readonly signature: string; readonly hash: string | undefined } | undefined;

  /** `ref`, where it is given, is followed in place of the branch. */
  constructor(repository: Repository, branch: string, ref?: string) {
    checkBranch(branch);
    this.#repository = repository;
    this.#ref = ref ?? (branch === CHECKED_OUT ? branch : `refs/heads/${branch}`);
  }

  /** The commit that the branch points to now; undefined where there is no such branch. */
  async read(): Promise<string | undefined> {
    const { commonDir, gitDir } = this.#repository;
    const table = await signatureOf(join(commonDir, "reftable/tables.list"));
    if (table !== undefined) return await this.#readTable(table);
    let ref = this.#ref;
    for (let step = 0; step <= SYMREFS_MAX; step++) {
      const loose = await readText(join(ref === CHECKED_OUT ? gitDir : commonDir, ref));
      if (loose === undefined) return await this.#readPacked(ref);
      const content = parseLooseRef(loose);
      if (content === undefined) return undefined; // being written, or not a ref; the next look tells
      if ("hash" in content) return content.hash;
      ref = content.ref;
    }
    return undefined;
  }

  /** What there is beside the branch, for a hint: other branches, and a commit that is checked out without one. */
  async others(): Promise<{ readonly branches: readonly string[]; readonly detached: string | undefined }> {
    const { gitDir } = this.#repository;
    const args = ["for-each-ref", "--count=100", "--format=%(refname:lstrip=2)", "refs/heads"];
    const output = await runGit({ gitDir, args, bytesMax: 64 * 1024 }).catch(() => Buffer.alloc(0));
    const loose = parseLooseRef((await readText(join(gitDir, CHECKED_OUT))) ?? "");
    const detached = loose !== undefined && "hash" in loose ? loose.hash : undefined;
    return { branches: output.toString("utf8").split("\n").filter(Boolean), detached };
  }

  /** Calls back when the branch may have moved: a hint that saves waiting for the next look, never relied upon. */
  watch(onHint: () => void, signal: AbortSignal): void {
    try {
      const watcher = watch(dirname(join(this.#repository.commonDir, this.#ref)), { signal, persistent: false });
      watcher.on("change", onHint);
      watcher.on("error", () => watcher.close()); // no folder, or no more watches on this machine
    } catch {
      // the looks go on
    }
  }

  async #readPacked(ref: string): Promise<string | undefined> {
    const file = join(this.#repository.commonDir, "packed-refs");
    const signature = await signatureOf(file);
    if (signature === undefined) return undefined;
    if (this.#packed?.signature !== signature) this.#packed = { signature, text: (await readText(file)) ?? "" };
    return findPackedRef(this.#packed.text, ref);
  }

  /** Refs in git's own table: asked of git when the table has changed. */
  async #readTable(signature: string): Promise<string | undefined> {
    if (this.#reftable?.signature === signature) return this.#reftable.hash;
    const output = await runGit({
      gitDir: this.#repository.gitDir,
      args: ["rev-parse", "--verify", "--quiet", "--end-of-options", this.#ref],
      bytesMax: 1024,
    }).catch(() => Buffer.alloc(0));
    const hash = output.toString().trim();
    this.#reftable = { signature, hash: isHash(hash) ? hash : undefined };
    return this.#reftable.hash;
  }
}

async function signatureOf(file: string): Promise<string | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  if (found === undefined || found.size > PACKED_BYTES_MAX) return undefined;
  return `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    // A folder where a file was asked for: refs/heads/a beside refs/heads/a/b in packed-refs.
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}
