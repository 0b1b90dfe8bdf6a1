/** Commits and trees as git prints them, read without trust. */
import { copyText } from "@regomesh/base";

export type Commit = {
  readonly hash: string;
  readonly subject: string;
  readonly author: string;
  readonly committedAtMs: number;
};

const SUBJECT_LENGTH_MAX = 200;
const NAME_LENGTH_MAX = 100;

/** A raw commit object: header lines, an empty line, the message. */
export function parseCommit(hash: string, text: string): Commit {
  const end = text.indexOf("\n\n");
  const header = end < 0 ? text : text.slice(0, end);
  const message = parseMessage(text);
  const line = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(header)?.[1] ?? "";
  const [, seconds] = /> (\d{1,15}) [+-]\d{4}$/.exec(line("committer")) ?? [];
  return {
    hash,
    subject: oneLine(message.trimStart().split("\n", 1)[0] ?? "", SUBJECT_LENGTH_MAX),
    author: oneLine(line("author").split("<", 1)[0] ?? "", NAME_LENGTH_MAX),
    committedAtMs: Number(seconds ?? 0) * 1000,
  };
}

/** The message of a raw commit object, whole. */
export function parseMessage(text: string): string {
  const end = text.indexOf("\n\n");
  return end < 0 ? "" : text.slice(end + 2);
}

export type TreeEntry = {
  readonly mode: "file" | "symlink" | "submodule" | "tree";
  readonly hash: string;
  readonly bytes: number;
  readonly path: string;
};

const MODES: Readonly<Record<string, TreeEntry["mode"]>> = {
  "100644": "file",
  "100755": "file",
  "100664": "file",
  "120000": "symlink",
  "160000": "submodule",
  "040000": "tree",
};

/** The output of `git ls-tree -r -l -z`; an entry that it does not understand is thrown out as a whole tree. */
export function parseTree(output: string): readonly TreeEntry[] | undefined {
  const entries: TreeEntry[] = [];
  for (const row of output.split("\0")) {
    if (row === "") continue;
    const [, mode, hash, bytes, path] = /^(\d{6}) [a-z]+ ([0-9a-f]{40,64}) +(\d+|-)\t([\s\S]+)$/.exec(row) ?? [];
    const kind = mode === undefined ? undefined : MODES[mode];
    if (kind === undefined || hash === undefined || path === undefined) return undefined;
    entries.push({ mode: kind, hash, bytes: bytes === "-" ? 0 : Number(bytes), path });
  }
  return entries;
}

/** One line of `git blame --porcelain`: who wrote it, and the commit's subject. */
export function parseBlame(
  output: string,
): { readonly hash: string; readonly author: string; readonly subject: string } | undefined {
  const [hash] = /^[0-9a-f]{40,64}/.exec(output) ?? [];
  const field = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(output)?.[1] ?? "";
  if (hash === undefined) return undefined;
  return {
    hash: copyText(hash),
    author: oneLine(field("author"), NAME_LENGTH_MAX),
    subject: oneLine(field("summary"), SUBJECT_LENGTH_MAX),
  };
}

/** Of the commits of `git blame --porcelain` the newest: who changed one of the lines last. */
export function parseNewest(output: string): ReturnType<typeof parseBlame> {
  // Facts of a commit stand where it is named first.
  const parts = output.split(/^(?=[0-9a-f]{40,64} \d+ \d+)/m).filter((part) => /^committer-time /m.test(part));
  const time = (part: string) => Number(/^committer-time (\d+)$/m.exec(part)?.[1] ?? 0);
  const [first, ...others] = parts;
  if (first === undefined) return undefined;
  return parseBlame(others.reduce((newest, part) => (time(part) > time(newest) ? part : newest), first));
}

/** Without control characters: what a commit says is shown in terminals and pages. The output that it is of is not kept with it. */
function oneLine(text: string, lengthMax: number): string {
  const line = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, " ")
    .trim()
    .slice(0, lengthMax);
  return copyText(line);
}
