/** What of a remote is followed, and whose signature it has: real git, real keys, and never half a revision. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "@regomesh/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type GitServer,
  hasGitServer,
  serveGit,
  signWithPgp,
  signWithSsh,
  WorkTree,
} from "../../../test/git-server.ts";
import type { Followed, Verify } from "../../git/followed.ts";
import { parsePlace } from "../../git/remote.ts";
import type { SourceContent } from "../../sources/source.ts";
import { FollowedSource } from "../sources/followed-source.ts";
import { SYSTEM_CLOCK } from "../system-clock.ts";

const RULE = "package p\n\nallow := true\n";

let folder: string;
let tree: WorkTree;
let server: GitServer;
let seen: SourceContent[];
let opened: FollowedSource[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-followed-"));
  tree = new WorkTree(folder, "shop");
  server = await serveGit(folder);
  seen = [];
  opened = [];
});
afterEach(async () => {
  for (const source of opened) await source.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(follow: Followed, verify?: Verify, path = ""): Promise<FollowedSource> {
  const place = parsePlace(server.url("shop"));
  if (place.kind !== "remote") throw new Error(place.kind);
  const { remote } = place;
  const source = await FollowedSource.open({
    place: {
      name: "shop",
      remote: { remote, everyMs: 1000, ...(verify === undefined ? {} : { verify }) },
      follow,
      path,
      isSuspended: false,
    },
    state: join(folder, "state"),
    clock: SYSTEM_CLOCK,
    log: SILENT,
    onContent: async (content) => void seen.push(content),
    onTrouble: () => {},
  });
  opened.push(source);
  return source;
}
const main: Followed = { kind: "branch", name: "main" };
const ids = () => seen.map(({ revision }) => revision.id);
const reasons = (source: FollowedSource) => source.troubles.map(({ reason }) => reason);

describe.skipIf(!hasGitServer)("what is followed", () => {
  test("a mirror that the disk does not take is a trouble, and is made once it does", async () => {
    const first = tree.commit("one", { "p.rego": RULE });
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state/git"), "a file where a folder should be");
    const source = await open(main);
    await source.fetch();
    expect([ids(), source.troubles.map(({ message }) => message)]).toEqual([
      [],
      [expect.stringMatching(/^http:.*\/shop.* cannot be fetched: .*\/state\/git\/\w+\.git cannot be made: /)],
    ]);
    rmSync(join(folder, "state/git"));
    await source.fetch();
    expect([ids(), source.troubles]).toEqual([[first], []]);
  });

  test("a tag, also one that is moved; a tag that is taken away changes nothing but what is said", async () => {
    const first = tree.commit("one", { "p.rego": RULE });
    tree.git("tag", "v1");
    tree.push("v1");
    tree.commit("two", { "p.rego": `${RULE}# two\n` });
    const source = await open({ kind: "tag", name: "v1" });
    await source.fetch();
    expect(ids()).toEqual([first]);
    const third = tree.commit("three", { "p.rego": `${RULE}# three\n` });
    tree.git("tag", "-f", "-a", "-m", "moved", "v1");
    tree.push("v1");
    await source.fetch();
    expect(ids()).toEqual([first, third]);
    tree.push(":v1");
    await source.fetch();
    expect([ids().length, reasons(source)]).toEqual([2, ["no-branch"]]);
    expect(source.troubles[0]?.message).toMatch(/has no tag v1; it has main$/);
  });

  test("a commit that stays, whatever the branch does", async () => {
    const first = tree.commit("one", { "p.rego": RULE });
    tree.commit("two");
    const source = await open({ kind: "commit", hash: first });
    await source.fetch();
    tree.commit("three");
    await source.fetch();
    expect(ids()).toEqual([first]);
    const none = await open({ kind: "commit", hash: "0".repeat(40) });
    await none.fetch();
    expect(reasons(none)).toEqual(["no-branch"]);
  });

  test("troubles have a since-when that stays, and end when they are over", async () => {
    const first = tree.commit("one", { "p.rego": RULE });
    const source = await open(main);
    await source.fetch();
    server.fail = 503;
    await source.fetch();
    const [before] = source.troubles;
    expect(before).toMatchObject({ reason: "unreachable", message: expect.stringContaining("503") });
    await source.fetch();
    expect(source.troubles[0]?.sinceMs).toBe(before?.sinceMs);
    server.fail = 401;
    await source.fetch();
    expect(reasons(source)).toEqual(["credentials"]);
    server.fail = undefined;
    await source.fetch();
    expect([ids(), source.troubles]).toEqual([[first], []]);
  });

  test("while it is suspended nothing is taken; resumed, the newest alone", async () => {
    tree.commit("one", { "p.rego": RULE });
    const source = await open(main);
    await source.fetch();
    source.suspend(true);
    tree.commit("two");
    await source.fetch();
    expect(ids()).toHaveLength(1);
    const third = tree.commit("three");
    source.suspend(false);
    await source.fetch();
    expect(ids()[1]).toBe(third);
  });

  test("suspended and resumed as often as is wanted, it is fetched by one loop", async () => {
    tree.commit("one", { "p.rego": RULE });
    const place = parsePlace(server.url("shop"));
    if (place.kind !== "remote") throw new Error(place.kind);
    let [loops, ended] = [0, 0];
    const everyMs = 123_456;
    const source = await FollowedSource.open({
      place: { name: "shop", remote: { remote: place.remote, everyMs }, follow: main, path: "", isSuspended: false },
      state: join(folder, "state"),
      clock: {
        nowMs: () => 0,
        sleep: (ms, signal) =>
          new Promise((_, reject) => {
            if (ms === everyMs) loops++;
            signal?.addEventListener("abort", () => {
              if (ms === everyMs) ended++;
              reject(new Error("aborted"));
            });
          }),
      },
      log: SILENT,
      onContent: async () => {},
      onTrouble: () => {},
    });
    source.start();
    for (let n = 0; n < 3; n++) {
      source.suspend(true);
      source.suspend(false);
    }
    await source.close();
    expect(loops - ended).toBe(0);
  });
});

describe.skipIf(!hasGitServer)("a signature", () => {
  test("of SSH: only commits that a given key has signed are taken", async () => {
    const key = await signWithSsh(tree, join(folder, "key"));
    const first = tree.commit("one", { "p.rego": RULE });
    const source = await open(main, { keys: [key], what: "commit" });
    await source.fetch();
    expect([ids(), source.troubles]).toEqual([[first], []]);
    const signing = tree.signing;
    tree.signing = ["-c", "commit.gpgsign=false"];
    tree.commit("unsigned");
    await source.fetch();
    expect([ids(), reasons(source)]).toEqual([[first], ["unverified"]]);
    expect(source.troubles[0]?.message).toMatch(/commit [0-9a-f]{7} is not signed$/);
    await signWithSsh(tree, join(folder, "another"));
    tree.commit("by another");
    await source.fetch();
    expect(source.troubles[0]?.message).toMatch(/is signed by no key of verify\.keys$/);
    tree.signing = signing;
    const good = tree.commit("signed again");
    await source.fetch();
    expect([ids(), source.troubles]).toEqual([[first, good], []]);
  });

  test("is asked for anew under other keys: what was verified by the old ones is not", async () => {
    const key = await signWithSsh(tree, join(folder, "key"));
    const first = tree.commit("one", { "p.rego": RULE });
    const source = await open(main, { keys: [key], what: "commit" });
    await source.fetch();
    const other = await signWithSsh(tree, join(folder, "another"));
    const strict = await open(main, { keys: [other], what: "commit" });
    await strict.fetch();
    expect([ids(), reasons(strict)]).toEqual([[first], ["unverified"]]);
  });

  test("of a tag: the tag's own counts, not its commit's", async () => {
    tree.commit("one", { "p.rego": RULE });
    const unsigned = tree.signing;
    const key = await signWithSsh(tree, join(folder, "key"));
    tree.git("tag", "-s", "-m", "v1", "v1");
    tree.push("v1");
    const source = await open({ kind: "tag", name: "v1" }, { keys: [key], what: "tag" });
    await source.fetch();
    expect([ids().length, source.troubles]).toEqual([1, []]);
    const signed = tree.commit("two, signed");
    tree.signing = unsigned;
    tree.git("tag", "-f", "v1", signed);
    tree.push("v1");
    await source.fetch();
    expect(source.troubles[0]?.message).toMatch(/tag v1 is no signed tag$/);
    expect(ids()).toHaveLength(1);
  });

  test("of a tag: under the name that was signed, not under another", async () => {
    const key = await signWithSsh(tree, join(folder, "key"));
    const first = tree.commit("one", { "p.rego": RULE });
    tree.git("tag", "-s", "-m", "v1", "v1");
    tree.commit("two");
    tree.git("tag", "-s", "-m", "v2", "v2");
    tree.push("v2");
    const source = await open({ kind: "tag", name: "v2" }, { keys: [key], what: "tag" });
    await source.fetch();
    tree.git("update-ref", "refs/tags/v2", tree.git("rev-parse", "refs/tags/v1"));
    tree.push("v2");
    await source.fetch();
    expect(ids()).not.toContain(first);
    expect(source.troubles[0]?.message).toMatch(/tag v2 was signed as another tag$/);
  });

  test("of OpenPGP, and of a key that is not among those given", async ({ skip }) => {
    const key = await signWithPgp(tree, join(folder, "gnupg"));
    if (key === undefined) return skip("gpg makes no keys here");
    const first = tree.commit("one", { "p.rego": RULE });
    const source = await open(main, { keys: [key], what: "commit" });
    await source.fetch();
    expect([ids(), source.troubles]).toEqual([[first], []]);
    const ssh = await signWithSsh(new WorkTree(folder, "other"), join(folder, "key"));
    const strict = await open(main, { keys: [ssh], what: "commit" });
    await strict.fetch();
    expect(strict.troubles[0]?.message).toContain("is signed by OpenPGP, of which verify.keys has no key");
  });
});

/** Section by section what a hostile or unlucky remote does: the revision before stays, whole, and no other is seen. */
const hostile: Readonly<
  Record<string, { readonly turn: () => void | Promise<void>; readonly takes?: string; readonly says?: RegExp }>
> = {
  "the branch is forced to another history": {
    turn: () => {
      tree.git("checkout", "-q", "--orphan", "fresh");
      tree.git("commit", "-q", "-m", "another history");
      tree.git("branch", "-f", "main", "fresh");
      tree.push("main");
    },
    takes: "another history",
    says: /^main was rewritten/,
  },
  "the branch is deleted": {
    turn: () => {
      tree.push("main:other");
      tree.push(":main");
    },
    says: /has no branch main; it has other$/,
  },
  "the repository is gone": {
    turn: () => rmSync(join(folder, "shop.git"), { recursive: true }),
    says: /cannot be fetched/,
  },
  "the network is cut in the middle of a pack": {
    turn: () => {
      tree.commit("two", { "big.rego": `${RULE}# ${"x".repeat(200_000)}\n` });
      server.fail = "cut";
    },
    says: /cannot be fetched/,
  },
  "the credentials are not taken": {
    turn: () => {
      server.fail = 403;
    },
    says: /wants a token \(--credentials http:\/\/127\.0\.0\.1:\d+\/\S+=FILE\)/,
  },
  "a file of 100 MB beside it": {
    turn: () => void tree.commit("two", { "huge.bin": "\0".repeat(100_000_000) }),
    takes: "two",
  },
  "a link that leads out": {
    turn: () => {
      symlinkSync("/etc", join(folder, "shop/out"));
      symlinkSync("/etc/passwd", join(folder, "shop/out.rego"));
      tree.commit("two");
    },
    takes: "two",
  },
  "names that differ by case alone": {
    turn: () => void tree.commit("two", { "A/p.rego": RULE, "a/p.rego": RULE }),
    takes: "two",
  },
  "a submodule": {
    turn: () => {
      tree.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},module`);
      tree.git("commit", "-q", "-m", "two");
      tree.push("main");
    },
    takes: "two",
  },
  "filters and modules that the repository names": {
    turn: () => void tree.commit("two", { ".gitattributes": "*.rego filter=x\n", ".gitmodules": "[submodule]\n" }),
    takes: "two",
  },
};
describe.skipIf(!hasGitServer)("never half a revision", () => {
  test.each(Object.entries(hostile))("%s", async (_, { turn, takes, says }) => {
    const first = tree.commit("one", { "p.rego": RULE });
    const source = await open(main);
    await source.fetch();
    await turn();
    await source.fetch();
    expect(seen.map(({ revision }) => revision.subject)).toEqual(["one", ...(takes === undefined ? [] : [takes])]);
    expect(seen[0]?.revision.id).toBe(first);
    for (const content of seen) {
      expect(content.files.map(({ name, text }) => [name, text])).toContainEqual(["p.rego", RULE]);
      expect(content.files.every(({ text }) => text === RULE || text.includes("x".repeat(1000)))).toBe(true);
    }
    if (says === undefined) expect(source.troubles).toEqual([]);
    else expect(source.troubles[0]?.message).toMatch(says);
  });
});
