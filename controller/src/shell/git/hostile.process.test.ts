/**
 * What a remote repository, or the way to it, may do to a controller that follows it: whatever that is,
 * only whole commits are handed over, what was taken stays, and what comes when it is over is taken.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "@regomesh/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type GitServer, hasGitServer, serveGit, WorkTree } from "../../../test/git-server.ts";
import { FILE_BYTES_MAX } from "../../build/select-entries.ts";
import { parsePlace } from "../../git/remote.ts";
import type { SourceContent } from "../../sources/source.ts";
import { FollowedSource } from "../sources/followed-source.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";

const rule = (name: string) => `package p\n\nallow if input.user == "${name}"\n`;
const files = (name: string) => ({ "a/p.rego": rule(name), "b/q.rego": rule(name) });

let folder: string;
let tree: WorkTree;
let server: GitServer;
let source: FollowedSource;
let seen: SourceContent[];
beforeEach(async () => {
  if (!hasGitServer) return;
  folder = mkdtempSync(join(tmpdir(), "regomesh-hostile-"));
  tree = new WorkTree(folder, "shop");
  server = await serveGit(folder);
  seen = [];
  const place = parsePlace(server.url("shop"));
  if (place.kind !== "remote") throw new Error(place.kind);
  source = await FollowedSource.open({
    place: {
      name: "shop",
      remote: { remote: place.remote, everyMs: 1000 },
      follow: { kind: "branch", name: "main" },
      path: "",
      isSuspended: false,
    },
    state: join(folder, "state"),
    clock: { ...SYSTEM_CLOCK, sleep: async () => {} },
    log: SILENT,
    onContent: async (content) => void seen.push(content),
    onTrouble: () => {},
  });
});
afterEach(async () => {
  if (!hasGitServer) return;
  await source.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const bare = () => join(folder, "shop.git");
const bareGit = (...args: readonly string[]) => execFileSync("git", ["-C", bare(), ...args], { encoding: "utf8" });
/** A tree that no work tree could hold, committed on top of what is there. */
function commitTree(listing: string): void {
  const made = execFileSync("git", ["-C", join(folder, "shop"), "mktree"], { input: listing, encoding: "utf8" }).trim();
  const commit = tree.git("commit-tree", "-p", "HEAD", "-m", "hostile", made);
  tree.git("update-ref", "refs/heads/main", commit);
  tree.push("main");
}
const blobOf = (text: string) => {
  writeFileSync(join(folder, "shop", "blob"), text);
  return tree.git("hash-object", "-w", "blob");
};

type Hostile = {
  readonly act: () => void;
  /** Puts it right again, where a later commit does not. */
  readonly heal?: () => void;
  /** What is said meanwhile. */
  readonly trouble?: string;
  /** Files of a hostile commit that is taken, and those that are told to be none. */
  readonly taken?: readonly string[];
  readonly unread?: readonly string[];
};

const HOSTILE: Readonly<Record<string, Hostile>> = {
  "a force push": {
    act: () => {
      tree.git("commit", "-q", "--amend", "--allow-empty", "-m", "rewritten");
      tree.push("main");
    },
    trouble: "rewritten",
    taken: ["a/p.rego", "b/q.rego"],
  },
  "a branch that is deleted": { act: () => tree.push(":main"), trouble: "unreachable" },
  "a branch that is deleted among others": {
    act: () => {
      tree.push("main:other");
      tree.push(":main");
    },
    trouble: "no-branch",
  },
  "a repository that is renamed": {
    act: () => renameSync(bare(), `${bare()}.away`),
    heal: () => renameSync(`${bare()}.away`, bare()),
    trouble: "unreachable",
  },
  "a file of more than may be": {
    act: () => void tree.commit("huge", { "a/p.rego": "#".repeat(FILE_BYTES_MAX + 1) }),
    taken: ["b/q.rego"],
    unread: ["a/p.rego"],
  },
  "a path that leads out": {
    act: () => {
      const blob = blobOf(rule("evil"));
      const inner = execFileSync("git", ["-C", join(folder, "shop"), "mktree"], {
        input: `100644 blob ${blob}\tevil.rego\n`,
        encoding: "utf8",
      }).trim();
      commitTree(`040000 tree ${inner}\t..\n`);
    },
    trouble: "unreachable",
  },
  "names that differ by their case": {
    act: () => {
      const [one, other] = [blobOf(rule("one")), blobOf(rule("other"))];
      commitTree(`100644 blob ${one}\tP.rego\n100644 blob ${other}\tp.rego\n`);
    },
    taken: ["P.rego", "p.rego"],
  },
  "a pack that is damaged": {
    act: () => {
      tree.commit("damaged", files("damaged"));
      bareGit("gc", "--quiet");
      const packs = join(bare(), "objects/pack");
      for (const name of readdirSync(packs).filter((each) => each.endsWith(".pack"))) {
        const file = join(packs, name);
        renameSync(file, `${file}.whole`);
        const whole = execFileSync("cat", [`${file}.whole`]);
        writeFileSync(file, Buffer.concat([whole.subarray(0, whole.length >> 1), Buffer.alloc(whole.length >> 1)]));
      }
    },
    heal: () => {
      const packs = join(bare(), "objects/pack");
      for (const name of readdirSync(packs).filter((each) => each.endsWith(".whole")))
        renameSync(join(packs, name), join(packs, name.replace(/\.whole$/, "")));
    },
    trouble: "unreachable",
  },
  "credentials that are none": {
    act: () => {
      tree.commit("unseen", files("unseen"));
      server.fail = 401;
    },
    heal: () => {
      server.fail = undefined;
    },
    trouble: "credentials",
  },
  "a network that is cut in the middle": {
    act: () => {
      tree.commit("cut", files("cut"));
      server.fail = "cut";
    },
    heal: () => {
      server.fail = undefined;
    },
    trouble: "unreachable",
  },
};

describe.skipIf(!hasGitServer)("a controller takes whole commits alone, whatever comes", () => {
  test.each(Object.entries(HOSTILE))("%s", async (_, { act, heal, trouble, taken, unread = [] }) => {
    const first = tree.commit("first", files("ann"));
    await source.fetch();
    expect(seen.map(({ revision }) => revision.id)).toEqual([first]);
    act();
    for (let at = 0; at < 2; at++) await source.fetch();
    expect(source.troubles.map(({ reason }) => reason)).toEqual(trouble === undefined ? [] : [trouble]);
    const hostile = seen.slice(1);
    expect(hostile.map((each) => each.files.map(({ name }) => name).sort())).toEqual(
      taken === undefined ? [] : [taken],
    );
    expect(hostile.flatMap((each) => each.unread ?? []).map(({ name }) => name)).toEqual(unread);
    heal?.();
    tree.git("checkout", "-q", "-f", "-B", "main", first);
    const last = tree.commit("last", files("zoe"));
    await source.fetch();
    const newest = seen.at(-1);
    expect(newest?.revision.id).toBe(last);
    expect(Object.fromEntries((newest?.files ?? []).map(({ name, text }) => [name, text]))).toEqual(files("zoe"));
    expect(source.troubles.map(({ reason }) => reason).filter((reason) => reason !== "rewritten")).toEqual([]);
  });
});
