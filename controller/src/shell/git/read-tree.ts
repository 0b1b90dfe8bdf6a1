/** The files of a tree that a build can need, straight from git's objects: no work tree, so neither links nor filters. */
import { setImmediate } from "node:timers/promises";
import { decodeText, type Source } from "@regomesh/base";
import { unitFileFinder } from "@regomesh/policy-compiler/units";
import { mentionsGroup } from "@regomesh/resources";
import { IGNORE_FILE, IgnoreError, parseIgnore } from "../../build/ignore.ts";
import { selectEntries, templateFinder } from "../../build/select-entries.ts";
import { isDocument, type SourceTree, type Unread } from "../../build/source-tree.ts";
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

/** `path` is a directory of the repository, "" for all of it; `memory`: of the one that was read before. */
export async function readCommitTree(
  gitDir: string,
  hash: string,
  path: string,
  memory = noMemory(),
): Promise<CommitTree> {
  const git: Git = (args, bytesMax, input) =>
    runGit({ gitDir, args, bytesMax, ...(input === undefined ? {} : { input }) });
  const [raw, tree] = await Promise.all([
    git(["cat-file", "commit", hash], COMMIT_BYTES_MAX),
    readTree(git, hash, path, memory),
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
  memory = noMemory(),
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
  const read = await readFiles(git, wanted, templateFinder(entries.map((entry) => entry.path)), memory);
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

/** What a file is to the mesh. */
type Read = { readonly file?: Source; readonly unread?: Unread };

/** What became of the files of the tree that was read last: of the next one only those are read that are other. */
export type FileMemory = { read: ReadonlyMap<string, Read> };

export function noMemory(): FileMemory {
  return { read: new Map() };
}

async function readFiles(
  git: Git,
  entries: readonly TreeEntry[],
  isTemplate: (name: string) => boolean,
  memory: FileMemory,
): Promise<{ readonly files: readonly Source[]; readonly unread: readonly Unread[] }> {
  const isUnitFile = unitFileFinder(entries.map(({ path }) => path));
  const asked = entries.map((entry): Asked => {
    const { hash, path } = entry;
    const isUnits = isUnitFile(path);
    const place = { path, isUnits, isTemplate: isTemplate(path) };
    return { entry, place, key: `${hash} ${isUnits} ${place.isTemplate} ${path}` };
  });
  const { read: known } = memory;
  const fresh = await readBlobs(
    git,
    asked.filter(({ key }) => !known.has(key)),
  );
  const all = asked.map(({ key }): [string, Read] => [key, known.get(key) ?? fresh.get(key) ?? {}]);
  memory.read = new Map(all);
  const files = all.flatMap(([, { file }]) => file ?? []);
  return {
    files: files.sort((a, b) => (a.name < b.name ? -1 : 1)),
    unread: all.flatMap(([, { unread }]) => unread ?? []),
  };
}

type Place = { readonly path: string; readonly isUnits: boolean; readonly isTemplate: boolean };
type Asked = { readonly entry: TreeEntry; readonly place: Place; readonly key: string };

/** All contents by one `cat-file --batch`: `HASH blob SIZE`, the bytes, a line end, in the order asked. */
async function readBlobs(git: Git, asked: readonly Asked[]): Promise<ReadonlyMap<string, Read>> {
  const found = new Map<string, Read>();
  if (asked.length === 0) return found;
  const total = asked.reduce((sum, { entry }) => sum + entry.bytes + HEADER_BYTES_MAX, 0);
  const output = await git(["cat-file", "--batch"], total, asked.map(({ entry }) => `${entry.hash}\n`).join(""));
  let at = 0;
  let restedMs = performance.now();
  for (const { entry, place, key } of asked) {
    // A whole source may take a second to look through: whoever waits for an answer meanwhile has it.
    if (performance.now() - restedMs > BUSY_MS) {
      await setImmediate();
      restedMs = performance.now();
    }
    const lineEnd = output.indexOf(10, at);
    const header = output.toString("latin1", at, lineEnd);
    const named = `${entry.hash} blob `;
    const size = header.slice(named.length);
    if (!header.startsWith(named) || !/^\d+$/.test(size))
      throw new GitError("git_failed", `git cat-file: no content of ${entry.path}`);
    const start = lineEnd + 1;
    at = start + Number(size) + 1;
    found.set(key, readOne(output.subarray(start, at - 1), place));
  }
  return found;
}

function readOne(content: Buffer, { path, isUnits, isTemplate }: Place): Read {
  const { text: decoded, illegalAt } = decodeText(content);
  if (illegalAt !== undefined) {
    const speaks = isUnits || (isDocument(path) && mentionsGroup(asBytes(content)));
    if (!speaks) return {};
    const why = "is not UTF-8";
    return { unread: { name: path, why, text: decoded, illegalAt, isDocument: !isUnits, speaks: !isUnits } };
  }
  const text = decoded.replace(/^\uFEFF/, "");
  if (!isUnits && isPointer(text))
    return { unread: { name: path, why: "is a pointer of Git LFS, not the file", isDocument: true } };
  if (!isUnits && !mentionsGroup(text)) return {};
  if (isTemplate)
    return { unread: { name: path, why: "is a template of a Helm chart, which is not rendered", isDocument: true } };
  return { file: { name: path, text } };
}
