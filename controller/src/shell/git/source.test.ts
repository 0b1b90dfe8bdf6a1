import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SILENT } from "@regomesh/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FILE_BYTES_MAX } from "../../build/select-entries.ts";
import type { SourceContent } from "../../sources/source.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";
import { Excerpts, type PlaceOf } from "./blame.ts";
import { GitSource, type GitSourceOptions } from "./source.ts";

let folder: string;
let seen: SourceContent[];

const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
function git(...args: readonly string[]): string {
  const own = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...own, "-C", folder, ...args], { env, encoding: "utf8" }).trim();
}
function write(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}
function commit(message: string, files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  write(files);
  git("add", "-A");
  git("commit", "-q", "--allow-empty", "-m", message);
  return git("rev-parse", "HEAD");
}
const options = (): GitSourceOptions => ({
  directory: folder,
  branch: "main",
  path: "",
  clock: SYSTEM_CLOCK,
  log: SILENT,
  onCommit: async (tree) => void seen.push(tree),
});
const open = (path = "", directory = folder) => new GitSource({ ...options(), path, directory });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-git-"));
  seen = [];
  git("init", "-q", "--initial-branch=main");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the git source", () => {
  test("hands over each commit's readable files once, and says who wrote it", async () => {
    const hash = commit("first\n\nmore", { "a/p.rego": "package p\n", "a/data.yaml": "x: 1\n", "image.png": "no" });
    const source = open();
    await source.look();
    await source.look();
    expect(seen).toHaveLength(1);
    expect(seen[0]?.revision).toMatchObject({ id: hash, subject: "first", author: "Ann" });
    expect(seen[0]?.files).toEqual([
      { name: "a/data.yaml", text: "x: 1\n" },
      { name: "a/p.rego", text: "package p\n" },
    ]);
  });

  test("reads one directory, by names from the repository's root", async () => {
    commit("first", { "in/p.rego": "package p\n", "in/deep/q.rego": "package q\n", "inside/r.rego": "package r\n" });
    await open("in").look();
    expect(seen[0]?.files.map(({ name }) => name)).toEqual(["in/deep/q.rego", "in/p.rego"]);
  });

  test("follows force pushes, packed refs and a branch that goes and comes", async () => {
    const source = open();
    await source.look();
    expect(source.trouble).toContain("has no commit yet");
    const first = commit("first");
    await source.look();
    const second = commit("second");
    git("pack-refs", "--all");
    expect(existsSync(join(folder, ".git/refs/heads/main"))).toBe(false);
    await source.look();
    git("reset", "-q", "--hard", first);
    await source.look();
    git("checkout", "-q", "-b", "other");
    git("branch", "-D", "main");
    await source.look();
    expect(source.trouble).toContain("has no branch main");
    git("branch", "main", second);
    await source.look();
    expect(seen.map((tree) => tree.revision.id)).toEqual([first, second, first, second]);
    expect(source.trouble).toBeUndefined();
  });

  test("reads a linked work tree and a bare repository", async () => {
    const hash = commit("first", { "p.rego": "package p\n" });
    const linked = `${folder}-linked`;
    const bare = `${folder}-bare`;
    git("worktree", "add", "-q", linked, "-b", "side");
    execFileSync("git", ["clone", "-q", "--bare", folder, bare], { env });
    for (const directory of [linked, bare]) await open("", directory).look();
    expect(seen.map((tree) => [tree.revision.id, tree.files.length])).toEqual([
      [hash, 1],
      [hash, 1],
    ]);
    rmSync(linked, { recursive: true });
    rmSync(bare, { recursive: true });
  });

  test("follows a directory's name to another repository behind it, as git-sync turns its link", async () => {
    const first = commit("first", { "p.rego": "package p\n" });
    const second = commit("second", { "p.rego": "package q\n" });
    const synced = mkdtempSync(join(tmpdir(), "regomesh-synced-"));
    for (const [name, hash] of [
      ["one", first],
      ["two", second],
    ] as const) {
      git("worktree", "add", "-q", "--detach", join(synced, name), hash);
    }
    const link = join(synced, "current");
    symlinkSync("one", link);
    const source = new GitSource({ ...options(), directory: link, branch: "HEAD" });
    await source.look();
    symlinkSync("two", join(synced, "next"));
    renameSync(join(synced, "next"), link);
    await source.look();
    expect(seen.map((tree) => tree.revision.id)).toEqual([first, second]);
    rmSync(synced, { recursive: true });
  });

  test("says what there is where its branch is not, and that a detached commit can be followed", async () => {
    const hash = commit("first");
    const source = new GitSource({ ...options(), branch: "mian" });
    await source.look();
    expect(source.trouble).toBe(`${folder} has no branch mian with a commit; it has main`);
    git("checkout", "-q", "--detach");
    await source.look();
    expect(source.trouble).toContain(`${hash.slice(0, 7)} is checked out there without one: --branch HEAD follows it`);
    expect(source.isEmpty).toBe(false);
  });

  test("a repository that goes away and comes back is read again", async () => {
    const away = `${folder}-away`;
    const first = commit("first");
    const troubles: (string | undefined)[] = [];
    const clock = { ...SYSTEM_CLOCK, sleep: async () => {} };
    const source = new GitSource({ ...options(), clock, onTrouble: () => void troubles.push(source.trouble) });
    await source.look();
    renameSync(folder, away);
    await source.look();
    await source.look();
    renameSync(away, folder);
    const second = commit("second");
    await source.look();
    expect(troubles).toEqual([`there is no directory ${folder}`, undefined]);
    expect(seen.map((tree) => tree.revision.id)).toEqual([first, second]);
  });

  test("an empty repository is one whose first commit is to come", async () => {
    const source = open();
    await source.look();
    expect([source.isEmpty, source.trouble]).toEqual([true, `${folder} has no commit yet`]);
    commit("first");
    await source.look();
    expect([source.isEmpty, source.trouble, seen.length]).toEqual([false, undefined, 1]);
  });

  test("gives the messages since an ancestor, and of no other history", async () => {
    const first = commit("first");
    commit("second");
    const other = git("commit-tree", "HEAD^{tree}", "-m", "elsewhere");
    const last = commit("third");
    await open().look();
    expect(await seen[0]?.messagesSince?.(first)).toBe("third\n\nthird\n\nsecond\n\n");
    for (const ancestor of [last, other, "0".repeat(40), "--all"]) {
      expect(await seen[0]?.messagesSince?.(ancestor)).toBe("third\n\n");
    }
  });

  test.each(["feature/#1", "ünïcode", "a+b=c@d", "日本"])("follows the branch %s", async (branch) => {
    git("checkout", "-q", "-b", branch);
    const first = commit("first");
    const source = new GitSource({ ...options(), branch });
    await source.look();
    git("pack-refs", "--all");
    await source.look();
    const second = commit("second");
    await source.look();
    expect(seen.map((tree) => tree.revision.id)).toEqual([first, second]);
  });

  test("hands the newest commit over once more when asked to, and a path that it has not as missing", async () => {
    commit("first\n\nand a body: 0123", { "p.rego": "package p\n" });
    const source = open("nope");
    await source.look();
    source.again();
    await source.look();
    expect(seen.map(({ pathMissing, files }) => [pathMissing, files.length])).toEqual([
      ["nope", 0],
      ["nope", 0],
    ]);
    expect(await seen[0]?.messagesSince?.(undefined)).toBe("first\n\nand a body: 0123\n\n");
    await open("p.rego").look();
    expect(seen[2]?.pathMissing).toBe("p.rego");
  });

  test("wakes at once for a hook", async () => {
    commit("first");
    const source = open();
    source.start();
    while (seen.length < 1) await new Promise((next) => setImmediate(next));
    commit("second");
    source.wake();
    while (seen.length < 2) await new Promise((next) => setImmediate(next));
    await source.close();
    expect(seen[1]?.revision.subject).toBe("second");
  });

  test("is no way to run a repository's commands", async () => {
    const marker = join(folder, "ran");
    const script = join(folder, "evil.sh");
    writeFileSync(script, `#!/bin/sh\ntouch ${marker}\ncat "$@"\n`, { mode: 0o755 });
    commit("first", { "p.rego": "package p\n", ".gitattributes": "*.rego diff=evil filter=evil\n" });
    for (const name of ["core.fsmonitor", "core.pager", "diff.evil.textconv", "core.sshCommand", "diff.external"]) {
      git("config", name, script);
    }
    git("config", "core.hooksPath", folder);
    const hash = git("rev-parse", "HEAD");
    const source = open();
    await source.look();
    const excerpt = await excerptOf(new Excerpts(placedIn(source.repository?.gitDir ?? "")), hash, "p.rego", 1);
    expect(excerpt?.commit).toMatchObject({ hash, author: "Ann", subject: "first" });
    expect(seen[0]?.files.map(({ name }) => name)).toEqual(["p.rego"]);
    expect(existsSync(marker)).toBe(false);
  });

  test("takes nothing of the environment that points elsewhere", async () => {
    const hash = commit("first");
    process.env["GIT_DIR"] = "/nonexistent";
    try {
      await open().look();
    } finally {
      delete process.env["GIT_DIR"];
    }
    expect(seen[0]?.revision.id).toBe(hash);
  });
});

describe("what cannot be read of a tree is told, and is no file", () => {
  const refusals: Record<string, readonly [() => void, string]> = {
    "a symbolic link": [
      () => symlinkSync("/etc/passwd", join(folder, "p.rego")),
      "p.rego is a symbolic link, which is not followed",
    ],
    "a huge file": [
      () => write({ "p.rego": new Uint8Array(FILE_BYTES_MAX + 1) }),
      `p.rego is larger than the ${FILE_BYTES_MAX} bytes that are read of a file`,
    ],
    "a file that is not text": [() => write({ "p.rego": Uint8Array.of(0x70, 0xff) }), "p.rego is not UTF-8"],
    "a name with a line end": [() => write({ "p\n.rego": "" }), "p\n.rego has a name that is not plain text"],
  };
  for (const [name, [make, says]] of Object.entries(refusals)) {
    test(name, async () => {
      make();
      commit("evil");
      await open().look();
      expect(seen[0]?.unread?.map(({ name, why }) => `${name} ${why}`)).toEqual([says]);
      expect(seen[0]?.files).toEqual([]);
    });
  }
});

describe("a hostile repository", () => {
  test("a corrupted object is no half commit", async () => {
    commit("first", { "p.rego": "package p\n" });
    const blob = git("rev-parse", "HEAD:p.rego");
    rmSync(join(folder, ".git/objects", blob.slice(0, 2), blob.slice(2)), { force: true });
    const source = new GitSource({
      directory: folder,
      branch: "main",
      path: "",
      clock: { ...SYSTEM_CLOCK, sleep: async () => {} },
      log: SILENT,
      onCommit: async (tree) => void seen.push(tree),
    });
    await source.look();
    expect(seen).toEqual([]);
    expect(source.trouble).toBeDefined();
  });

  test("a commit that could not be taken is handed over again until it is, and trouble says so meanwhile", async () => {
    const hash = commit("first");
    const disk = ["no space is left", "no space is left", "taken"];
    const taken: string[] = [];
    const source = new GitSource({
      directory: folder,
      branch: "main",
      path: "",
      clock: { ...SYSTEM_CLOCK, sleep: async () => {} },
      log: SILENT,
      onCommit: async (tree) => {
        const says = disk.shift();
        if (says !== "taken") throw new Error(says);
        taken.push(tree.revision.id);
      },
    });
    const troubles: (string | undefined)[] = [];
    for (let look = 0; look < 4; look++) {
      await source.look();
      troubles.push(source.trouble);
    }
    const says = `commit ${hash.slice(0, 7)} is not taken yet, and is tried again: no space is left`;
    expect([taken, troubles]).toEqual([[hash], [says, says, undefined, undefined]]);
  });

  test("a branch that comes back where it was is no trouble any more", async () => {
    const hash = commit("first");
    const source = open();
    await source.look();
    git("update-ref", "-d", "refs/heads/main");
    await source.look();
    expect(source.trouble).toContain("has no branch main");
    git("update-ref", "refs/heads/main", hash);
    await source.look();
    expect([source.trouble, seen.length]).toEqual([undefined, 1]);
  });

  test.each(["--upload-pack=x", "../main", "a..b", "main@{1}", ""])("the branch %s is refused", async (branch) => {
    commit("first");
    const options = { directory: folder, branch, path: "", clock: SYSTEM_CLOCK, log: SILENT, onCommit: async () => {} };
    expect(() => new GitSource(options)).toThrow("is not a branch's name");
  });

  test("a folder that is no repository is said so", async () => {
    const source = open("", tmpdir());
    await source.look();
    expect(source.trouble).toContain("is not a git repository");
  });
});

/** As it is read after a decision of that rule was reported. */
async function excerptOf(excerpts: Excerpts, hash: string, file: string, row: number) {
  excerpts.give(hash);
  excerpts.prepare(hash, file, row);
  return await excerpts.read(hash, file, row);
}

function placedIn(gitDir: string): PlaceOf {
  return (commit, file) => ({ gitDir, commit, file, path: "" });
}

test("an excerpt shows the rule's line between its neighbours", async () => {
  const first = commit("first", { "p.rego": "package p\n\nallow := true\n" });
  const second = commit("second", { "p.rego": "package p\n\nallow := false\n" });
  const excerpts = new Excerpts(placedIn(join(folder, ".git")));
  expect(await excerptOf(excerpts, second, "p.rego", 3)).toEqual({
    excerpt: [
      { row: 1, text: "package p" },
      { row: 2, text: "" },
      { row: 3, text: "allow := false" },
      { row: 4, text: "" },
    ],
    commit: { hash: second, author: "Ann", subject: "second" },
  });
  expect((await excerptOf(excerpts, first, "p.rego", 1))?.commit?.hash).toBe(first);
  expect(await excerptOf(excerpts, second, "--output=/tmp/x", 1)).toBeUndefined();
  expect(await excerptOf(excerpts, second, "p.rego", 99)).toBeUndefined();
});
