/** The files of a tree that a build can need, straight from git's objects: no work tree, so neither links nor filters. */
import { setImmediate } from "node:timers/promises";
import type { Source } from "@regomesh/base";
import { mentionsGroup } from "@regomesh/resources";
import { IGNORE_FILE, IgnoreError, parseIgnore } from "../../build/ignore.ts";
import { selectEntries, templateFinder } from "../../build/select-entries.ts";
import {
  isData,
  isDocument,
  isManifest,
  isModule,
  type SourceTree,
  type Unread,
  unitFinder,
} from "../../build/source-tree.ts";
import { isPointer } from "../../build/void-data.ts";
import { type Commit, parseCommit, parseMessage, parseTree, type TreeEntry } from "../../git/commit.ts";
import { isHash } from "../../git/packed-refs.ts";
import type { SourceContent } from "../../sources/source.ts";
import { GitError, runGit } from "./git.ts";

/** Names of every file of a large repository. */
const LISTING_BYTES_MAX = 64 * 1024 * 1024;
const COMMIT_BYTES_MAX = 1024 * 1024;
/** Commits that come at once, by a merge or a push. */
const MESSAGES_MAX = 200;
/** A batch's output beyond the contents: a line for each. */
const HEADER_BYTES_MAX = 200;
/** As long as one file after the other is looked at without a pause. */
const BUSY_MS = 20;

export type CommitTree = SourceTree & {
  readonly commit: Commit;
  /** The messages of this commit and of those before it down to an ancestor, whole: an operator's word may stand there. */
  readonly messagesSince: (ancestor: string | undefined) => Promise<string>;
  /** The directory that is the source, where the commit has none of that name. */
  readonly pathMissing?: string;
};

/** What a commit is as the content of a source. */
export function toContent({ commit, ...tree }: CommitTree, source: string, label: string): SourceContent {
  const { hash, ...facts } = commit;
  return { ...tree, source, label, revision: { id: hash, ...facts } };
}

/** Output of a git command on the repository; input is given to it. */
export type Git = (args: readonly string[], bytesMax: number, input?: string) => Promise<Buffer>;

/** `path` is a directory of the repository, "" for all of it. */
export async function readCommitTree(gitDir: string, hash: string, path: string): Promise<CommitTree> {
  const git: Git = (args, bytesMax, input) =>
    runGit({ gitDir, args, bytesMax, ...(input === undefined ? {} : { input }) });
  const [raw, tree] = await Promise.all([
    git(["cat-file", "commit", hash], COMMIT_BYTES_MAX),
    readTree(git, hash, path),
  ]);
  const text = raw.toString("utf8");
  return {
    commit: parseCommit(hash, text),
    messagesSince: async (ancestor) =>
      `${parseMessage(text)}\n${ancestor === undefined ? "" : await readMessages(git, ancestor, hash)}`,
    ...tree,
  };
}

/** Of the commits between; nothing where the one does not come from the other, for then they are another history's. */
export async function readMessages(git: Git, ancestor: string, hash: string): Promise<string> {
  if (!isHash(ancestor)) return "";
  try {
    await git(["merge-base", "--is-ancestor", ancestor, hash], COMMIT_BYTES_MAX);
    const args = ["log", "--format=%B", `--max-count=${MESSAGES_MAX}`, `${ancestor}..${hash}`, "--"];
    return (await git(args, COMMIT_BYTES_MAX)).toString("utf8");
  } catch {
    return "";
  }
}

/** A tree, or a commit's: what of it is the mesh's, and what could not be read. */
export async function readTree(
  git: Git,
  hash: string,
  path: string,
): Promise<SourceTree & { readonly pathMissing?: string }> {
  const below = path === "" ? [] : ["--", `${path}/`];
  const listing = await git(["ls-tree", "-r", "-l", "-z", "--full-tree", hash, ...below], LISTING_BYTES_MAX);
  const entries = parseTree(listing.toString("utf8"));
  // Git prints BAD for an object that is missing: perhaps it is still being written.
  if (entries === undefined) throw new GitError("git_failed", `git ls-tree: the tree of ${hash} is not whole`);
  if (path !== "" && entries.length === 0) return { path, pathMissing: path, files: [] };
  const ignoreFile = entries.find((entry) => entry.path === (path === "" ? IGNORE_FILE : `${path}/${IGNORE_FILE}`));
  const ignore = ignoreFile?.mode === "file" ? await git(["cat-file", "blob", ignoreFile.hash], COMMIT_BYTES_MAX) : "";
  const { wanted, unread } = select(entries, path, ignore.toString("utf8"));
  const read = await readFiles(git, wanted, templateFinder(entries.map((entry) => entry.path)));
  return { path, files: read.files, unread: [...unread, ...read.unread] };
}

function select(entries: readonly TreeEntry[], path: string, ignore: string) {
  try {
    return selectEntries(entries, path, parseIgnore(ignore));
  } catch (error) {
    throw error instanceof IgnoreError ? new GitError("git_limit", error.message) : error;
  }
}

/** A text of another encoding as far as it is ASCII; UTF-16 has a zero beside each letter. */
function asBytes(content: Buffer): string {
  return content.toString("latin1").replaceAll("\0", "");
}

/** All contents by one `cat-file --batch`: `HASH blob SIZE`, the bytes, a line end, in the order asked. */
async function readFiles(
  git: Git,
  entries: readonly TreeEntry[],
  isTemplate: (name: string) => boolean,
): Promise<{ readonly files: readonly Source[]; readonly unread: readonly Unread[] }> {
  const total = entries.reduce((sum, { bytes }) => sum + bytes + HEADER_BYTES_MAX, 0);
  const output = await git(["cat-file", "--batch"], total, entries.map(({ hash }) => `${hash}\n`).join(""));
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const inUnit = unitFinder(entries.map(({ path }) => path));
  const files: Source[] = [];
  const unread: Unread[] = [];
  let at = 0;
  let restedMs = performance.now();
  for (const { hash, path } of entries) {
    // A whole source may take a second to look through: whoever waits for an answer meanwhile has it.
    if (performance.now() - restedMs > BUSY_MS) {
      await setImmediate();
      restedMs = performance.now();
    }
    const lineEnd = output.indexOf(10, at);
    const [, size] = new RegExp(`^${hash} blob (\\d+)$`).exec(output.toString("latin1", at, lineEnd)) ?? [];
    if (size === undefined) throw new GitError("git_failed", `git cat-file: no content of ${path}`);
    const start = lineEnd + 1;
    at = start + Number(size) + 1;
    const content = output.subarray(start, at - 1);
    const isUnits = isModule(path) || ((isData(path) || isManifest(path)) && inUnit(path));
    try {
      const text = decoder.decode(content);
      if (!isUnits && isPointer(text)) {
        unread.push({ name: path, why: "is a pointer of Git LFS, not the file", isDocument: true });
        continue;
      }
      if (!isUnits && !mentionsGroup(text)) continue;
      if (isTemplate(path)) {
        unread.push({ name: path, why: "is a template of a Helm chart, which is not rendered", isDocument: true });
      } else files.push({ name: path, text });
    } catch {
      const speaks = isUnits || (isDocument(path) && mentionsGroup(asBytes(content)));
      if (speaks) unread.push({ name: path, why: "is not UTF-8", isDocument: !isUnits, speaks: !isUnits });
    }
  }
  return { files: files.sort((a, b) => (a.name < b.name ? -1 : 1)), unread };
}
