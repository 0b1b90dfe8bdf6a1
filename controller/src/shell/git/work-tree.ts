/**
 * A directory as a commit of it would be. Git itself adds it (what is ignored, links, line ends
 * and encodings are its affair) to a repository of its own, which is thrown away: the one that the
 * directory is in, if any, lends its index, objects and exclusions, is not touched, and none of
 * its configuration is used, for that may name commands.
 */
import { copyFile, mkdtemp, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { isData, isModule } from "@regomesh/policy-compiler/units";
import { isDocument, type SourceTree } from "../../build/source-tree.ts";
import { runGit } from "./git.ts";
import { type Git, readTree } from "./read-tree.ts";
import { findRepository, type Repository } from "./refs.ts";

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/** What nobody commits, in a directory that is in no repository and so has no word on it. */
const NEVER = "node_modules/\n";

/** The files of a directory, named from `top`: the repository that it is in, or itself where it is in none. Throws GitError. */
export async function readWorkTree(directory: string): Promise<{
  readonly tree: SourceTree;
  readonly top: string;
  /** That the directory is in. */
  readonly repository: Repository | undefined;
}> {
  const place = await realpath(directory);
  const top = await topOf(place);
  const repository = top === undefined ? undefined : await findRepository(top);
  const path = top === undefined ? "" : relative(top, place);
  const scratch = await mkdtemp(join(tmpdir(), "regomesh-check-"));
  try {
    const git = await makeRepository(scratch, repository, top ?? place);
    await git(["add", "--all", "--", path === "" ? "." : path], OUTPUT_BYTES_MAX);
    const hash = (await git(["write-tree"], OUTPUT_BYTES_MAX)).toString().trim();
    const tree = await readTree(git, hash, path);
    return { tree: await withoutFiltered(git, tree), top: top ?? place, repository };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function makeRepository(scratch: string, lender: Repository | undefined, workTree: string): Promise<Git> {
  const gitDir = join(scratch, "git");
  const config = lender === undefined ? "" : await readFile(join(lender.commonDir, "config"), "utf8").catch(() => "");
  const format = /^\s*objectformat\s*=\s*sha256\s*$/im.test(config) ? "sha256" : "sha1";
  await runGit({
    gitDir: scratch,
    args: ["init", "--quiet", "--bare", `--object-format=${format}`, gitDir],
    bytesMax: OUTPUT_BYTES_MAX,
  });
  const exclude = join(gitDir, "info/exclude");
  if (lender === undefined) await writeFile(exclude, NEVER);
  else {
    // Neither need be there: before the first commit there is no index.
    await copyFile(join(lender.commonDir, "info/exclude"), exclude).catch(() => {});
    await copyFile(join(lender.gitDir, "index"), join(gitDir, "index")).catch(() => {});
    await writeFile(join(gitDir, "objects/info/alternates"), `${join(lender.commonDir, "objects")}\n`);
  }
  return (args, bytesMax, input) =>
    runGit({ gitDir, workTree, args, bytesMax, ...(input === undefined ? {} : { input }) });
}

/** What goes through a filter into a commit (Git LFS, git-crypt) is not there as it lies here. */
async function withoutFiltered(git: Git, tree: SourceTree): Promise<SourceTree> {
  if (tree.files.length === 0) return tree;
  const names = tree.files.map(({ name }) => `${name}\0`).join("");
  const output = (await git(["check-attr", "-z", "--stdin", "filter"], OUTPUT_BYTES_MAX, names)).toString("utf8");
  const filters = new Map<string, string>();
  const parts = output.split("\0");
  for (let at = 0; at + 2 < parts.length; at += 3) {
    const [name = "", , value = ""] = parts.slice(at, at + 3);
    if (value !== "unspecified" && value !== "unset") filters.set(name, value);
  }
  const unread = [...filters].map(([name, value]) => ({
    name,
    why: `goes through the filter ${value} into a commit, which then holds something else`,
    isDocument: isDocument(name) && !isData(name) && !isModule(name),
  }));
  return {
    ...tree,
    files: tree.files.filter(({ name }) => !filters.has(name)),
    unread: [...(tree.unread ?? []), ...unread],
  };
}

/** The work tree that a directory is in; undefined where it is in none. */
async function topOf(place: string): Promise<string | undefined> {
  for (let at = place; ; at = dirname(at)) {
    if ((await stat(join(at, ".git")).catch(() => undefined)) !== undefined) return at;
    if (dirname(at) === at) return undefined;
  }
}
