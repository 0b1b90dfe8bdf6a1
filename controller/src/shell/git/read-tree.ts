/** The files of a commit that a build can read, straight from git's objects: no work tree, so neither links nor filters. */
import type { DiagnosticRecord, Source } from "@regomesh/base";
import { READABLE } from "../../build/source-tree.ts";
import { type Commit, parseCommit, parseMessage, parseTree, type TreeEntry } from "../../git/commit.ts";
import { GitError, runGit } from "./git.ts";

export const FILES_MAX = 5000;
/** A policy or resource of a megabyte is a mistake; data may be larger. */
export const FILE_BYTES_MAX = 8 * 1024 * 1024;
export const TOTAL_BYTES_MAX = 64 * 1024 * 1024;
/** Names of every file of a large repository. */
const LISTING_BYTES_MAX = 64 * 1024 * 1024;
const COMMIT_BYTES_MAX = 1024 * 1024;

export type CommitTree = {
  readonly commit: Commit;
  /** The commit's whole message: an operator's word may stand there. */
  readonly message: string;
  /** The directory that is the source, where the commit has none of that name. */
  readonly pathMissing?: string;
  readonly files: readonly Source[];
  /** Why the tree is refused; empty where it is not. */
  readonly diagnostics: readonly DiagnosticRecord[];
};

/** `path` is a directory of the repository, "" for all of it. */
export async function readCommitTree(gitDir: string, hash: string, path: string): Promise<CommitTree> {
  const [raw, listing] = await Promise.all([
    runGit({ gitDir, args: ["cat-file", "commit", hash], bytesMax: COMMIT_BYTES_MAX }),
    runGit({
      gitDir,
      args: ["ls-tree", "-r", "-l", "-z", "--full-tree", hash, ...(path === "" ? [] : ["--", `${path}/`])],
      bytesMax: LISTING_BYTES_MAX,
    }),
  ]);
  const text = raw.toString("utf8");
  const about = { commit: parseCommit(hash, text), message: parseMessage(text) };
  const entries = parseTree(listing.toString("utf8"));
  // Git prints BAD for an object that is missing: perhaps it is still being written.
  if (entries === undefined) throw new GitError("git_failed", `git ls-tree: the tree of ${hash} is not whole`);
  if (path !== "" && entries.length === 0) return { ...about, pathMissing: path, files: [], diagnostics: [] };
  const wanted = entries.filter((entry) => READABLE.test(entry.path));
  const diagnostics = checkEntries(wanted);
  if (diagnostics.length > 0) return { ...about, files: [], diagnostics };
  return { ...about, ...(await readFiles(gitDir, wanted)) };
}

function checkEntries(entries: readonly TreeEntry[]): readonly DiagnosticRecord[] {
  const faults: DiagnosticRecord[] = [];
  let total = 0;
  for (const { mode, path, bytes } of entries) {
    total += bytes;
    if (mode === "symlink") faults.push(fault("a symbolic link is not followed", path));
    else if (mode !== "file") faults.push(fault("a submodule is not read", path));
    if (/[\u0000-\u001f\u007f]/.test(path) || path.includes("\ufffd"))
      faults.push(fault("the name is not plain text", path));
    if (bytes > FILE_BYTES_MAX) faults.push(fault(`the file is larger than ${FILE_BYTES_MAX} bytes`, path));
  }
  if (entries.length > FILES_MAX) faults.push(fault(`the source has more than ${FILES_MAX} files to read`, ""));
  if (total > TOTAL_BYTES_MAX) faults.push(fault(`the source has more than ${TOTAL_BYTES_MAX} bytes to read`, ""));
  return faults.slice(0, 20);
}

/** All contents by one `cat-file --batch`: `HASH blob SIZE`, the bytes, a line end, in the order asked. */
async function readFiles(
  gitDir: string,
  entries: readonly TreeEntry[],
): Promise<{ readonly files: readonly Source[]; readonly diagnostics: readonly DiagnosticRecord[] }> {
  const output = await runGit({
    gitDir,
    args: ["cat-file", "--batch"],
    input: entries.map(({ hash }) => `${hash}\n`).join(""),
    bytesMax: TOTAL_BYTES_MAX + entries.length * 200,
  });
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const files: Source[] = [];
  const diagnostics: DiagnosticRecord[] = [];
  let at = 0;
  for (const { hash, path } of entries) {
    const lineEnd = output.indexOf(10, at);
    const [, size] = new RegExp(`^${hash} blob (\\d+)$`).exec(output.toString("latin1", at, lineEnd)) ?? [];
    if (size === undefined) throw new GitError("git_failed", `git cat-file: no content of ${path}`);
    const start = lineEnd + 1;
    at = start + Number(size) + 1;
    try {
      files.push({ name: path, text: decoder.decode(output.subarray(start, at - 1)) });
    } catch {
      diagnostics.push(fault("the file is not UTF-8", path));
    }
  }
  return { files, diagnostics };
}

function fault(message: string, file: string): DiagnosticRecord {
  return { code: "git_tree", severity: "error", message, file: file === "" ? "." : file, row: 1, column: 1 };
}
