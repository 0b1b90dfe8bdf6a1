/**
 * A source checked against what is in force, and a commit of it taken by a controller that has
 * that in force: both ask for a word for the same, by the same hash.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type DiagnosticRecord, printRecord, SILENT } from "@regomesh/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeLease } from "../../test/make-lease.ts";
import type { RefusedBody } from "../api/releases.ts";
import { build } from "../build/build.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { ROOT_SOURCE } from "../sources/source.ts";
import type { Lease } from "../store/store.ts";
import type { Builder } from "./build/builder.ts";
import { loadTools } from "./build/compiler.ts";
import { checkSource } from "./check-source.ts";
import { readCommitTree, toContent } from "./git/read-tree.ts";
import { Composer } from "./release/composer.ts";
import { Rollout } from "./release/rollout.ts";
import { type Against, StandingError } from "./standing.ts";
import { KeptPin } from "./store/kept-pin.ts";
import { LastGood } from "./store/last-good.ts";
import { SourceContents } from "./store/source-contents.ts";
import { SYSTEM_CLOCK } from "./system-clock.ts";

const tools = await loadTools();
const builder: Pick<Builder, "version" | "build"> = {
  version: async () => "1",
  build: async (tree, rules) => build(tree, rules, tools),
};
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
const V = "apiVersion: regomesh.dev/v1alpha1";
const CONFIG = `${V}\nkind: MeshConfig\nmetadata: { name: m }\nspec: { trustDomain: td.example }\n`;
const service = (name: string, hosts: string) =>
  `${V}\nkind: MeshService\nmetadata: { name: ${name} }\nspec: { ports: [{ port: 80 }]${hosts} }\n`;
const workload = (name: string) => `${V}\nkind: Workload\nmetadata: { name: ${name} }\nspec: { service: web }\n`;
const binding = (name: string) =>
  `${V}\nkind: PolicyBinding\nmetadata: { name: ${name} }\nspec: { unit: authz, direction: Inbound, entrypoints: [mesh/authz/${name}] }\n`;

let top: string;
let [folder, state]: readonly [string, string] = ["", ""];
let lease: Lease;
let lastGood: LastGood;
let rollout: Rollout;
let refused: RefusedBody | undefined;

const git = (...args: readonly string[]): string => {
  const own = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...own, "-C", folder, ...args], { env, encoding: "utf8" }).trim();
};
const write = (files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
};
const commit = (message: string): void => {
  git("add", "-A");
  git("commit", "-q", "--allow-empty", "-m", message);
};
const take = async (): Promise<readonly DiagnosticRecord[]> => {
  const tree = await readCommitTree(join(folder, ".git"), git("rev-parse", "HEAD"), "");
  await rollout.take(toContent(tree, ROOT_SOURCE, "git main"));
  return refused?.diagnostics ?? [];
};
const check = async (against: Against) => await checkSource(folder, { against });
const said = (records: readonly DiagnosticRecord[]) => records.map(printRecord);
/** Hashes of twelve digits that hints name. */
const hashes = (records: readonly DiagnosticRecord[]) =>
  records.map(({ hint }) => /[0-9a-f]{12}/.exec(hint ?? "")?.[0]);

beforeEach(async () => {
  top = mkdtempSync(join(tmpdir(), "regomesh-standing-"));
  [folder, state] = [join(top, "repo"), join(top, "state")];
  mkdirSync(folder);
  git("init", "-q", "--initial-branch=main");
  write({
    "config.yaml": CONFIG,
    "web.yaml": service("web", ", hosts: [web.example]"),
    "workloads.yaml": ["a", "b", "c"].map(workload).join("---\n"),
    "bindings.yaml": ["allow"].map(binding).join("---\n"),
    "authz/a.rego": "package mesh.authz\n\nallow := true\n",
  });
  commit("first");
  lease = await makeLease(state);
  refused = undefined;
  const composer = new Composer({
    builder: builder as Builder,
    contents: new SourceContents(lease, SYSTEM_CLOCK, SILENT),
    rights: ALL_RIGHTS,
    sources: { operators: [{ path: "", namespaces: ["ops"] }] },
    trustDomain: () => undefined,
    clock: SYSTEM_CLOCK,
    log: SILENT,
    refuse: ([why]) => {
      refused = why;
    },
  });
  lastGood = new LastGood(lease, SYSTEM_CLOCK);
  rollout = new Rollout({
    builder: builder as Builder,
    composer,
    keptPin: new KeptPin(lease, SYSTEM_CLOCK),
    lastGood,
    trustDomain: () => undefined,
    explainDenials: false,
    clock: SYSTEM_CLOCK,
    log: SILENT,
    prepare: async () => {},
    publish: () => {},
    remembered: async () => [],
    fallback: () => undefined,
  });
  await rollout.open();
  expect(await take()).toEqual([]);
  await lastGood.flush();
});
afterEach(async () => {
  await rollout.close();
  await lease.end();
  rmSync(top, { recursive: true });
});

/** What is said of each, and whether a word by a hash lets it pass. */
const CASES: Readonly<
  Record<string, { readonly change: () => void; readonly says: readonly string[]; readonly isLoss?: true }>
> = {
  "what takes nothing away": { change: () => write({ "more.yaml": workload("d") }), says: [] },
  "one workload of three": {
    change: () => write({ "workloads.yaml": ["a", "b"].map(workload).join("---\n") }),
    says: [],
  },
  "no settings": {
    change: () => git("rm", "-q", "config.yaml"),
    says: ["source_loss: the commit takes away the mesh's MeshConfig"],
    isLoss: true,
  },
  "two workloads of three": {
    change: () => write({ "workloads.yaml": workload("a") }),
    says: ["source_loss: the commit takes away 2 of 3 workloads: default/b, default/c"],
    isLoss: true,
  },
  "nothing at all": {
    change: () => git("rm", "-r", "-q", "."),
    says: [
      "source_loss: the commit takes away the mesh's MeshConfig",
      "source_loss: the commit takes away every workload: default/a, default/b, default/c",
      "source_loss: the commit takes away 1 of 1 bindings: default/allow",
    ],
    isLoss: true,
  },
  "another trust domain": {
    change: () => write({ "config.yaml": CONFIG.replace("td.example", "other.example") }),
    says: ["config.yaml:4:22: trust_domain: the trust domain is td.example and cannot become other.example"],
  },
  "a second owner of a host, before its first by name": {
    change: () => write({ "bank.yaml": service("bank", ", hosts: [web.example]") }),
    says: [],
  },
};

describe("check and a controller that has it in force agree", () => {
  test.each(Object.entries(CASES))("on %s", async (_, { change, says, isLoss }) => {
    cpSync(folder, join(top, "before"), { recursive: true });
    const againsts: readonly Against[] = [
      { kind: "base", name: "HEAD", place: join(folder, "HEAD") },
      { kind: "base", name: "../before", place: join(top, "before") },
      { kind: "state", folder: state },
    ];
    change();
    const checks = await Promise.all(againsts.map(check));
    commit("case");
    const taken = await take();
    if (says.length > 0) expect(said(taken)).toEqual(says);
    for (const { diagnostics, isTaken } of checks) {
      expect([said(diagnostics.filter(({ severity }) => severity === "error")), isTaken]).toEqual([
        said(taken),
        taken.length === 0,
      ]);
      expect(hashes(diagnostics)).toEqual(hashes(taken));
    }
    // What the state folder says is what the controller says, word for word.
    expect(checks[2]?.diagnostics.filter(({ severity }) => severity === "error")).toEqual(taken);
    if (isLoss === undefined) return;

    // The word stands in a message: of that commit, and of one before the one that is checked.
    git("commit", "-q", "--amend", "-m", `case\n\nMeant: ${hashes(taken)[0]}`);
    commit("later");
    const base: Against = { kind: "base", name: "HEAD~2", place: folder };
    expect((await check(base)).diagnostics).toEqual([]);
    expect((await check({ kind: "state", folder: state })).diagnostics).toEqual([]);
    expect(await take()).toEqual([]);
  });
});

test("a controller that has lost what was in force is still known to have had proxies", async () => {
  rmSync(join(state, "snapshots/last-good.json"));
  const known = ["a", "b"].map((name) => ({ workload: `default/${name}`, instance: "i", principal: "p", heardMs: 1 }));
  writeFileSync(join(state, "snapshots/proxies.json"), JSON.stringify(known));
  git("rm", "-q", "workloads.yaml");
  const { diagnostics, isTaken } = await check({ kind: "state", folder: state });
  expect([said(diagnostics.filter(({ severity }) => severity === "error")), isTaken]).toEqual([
    ["source_loss: the commit takes away every workload: default/a, default/b"],
    false,
  ]);
});

test("what other sources hold is not taken away by a check that reads none of them", async () => {
  const named = { url: "https://git.example.org/shop.git", namespaces: ["shop"] };
  const plain = `${V}\nkind: PolicySource\nmetadata: { name: shop, namespace: regomesh-system }\nspec: `;
  write({ "sources.yaml": `${plain}${JSON.stringify(named)}\n` });
  commit("names a source");
  expect(await take()).toEqual([]);
  const names = ["d", "e", "f", "g"];
  const held = names.map((name) => workload(name).replace(`name: ${name}`, `name: ${name}, namespace: shop`));
  for (const source of ["shop", "operators"]) {
    const namespace = source === "shop" ? "shop" : "ops";
    const text = [service("web", ""), ...held].join("---\n").replace("name: web }", "name: web, namespace: shop }");
    await rollout.take({
      ...{ source, label: "git main", path: "", unread: [] },
      revision: { id: source, subject: "", author: "", committedAtMs: 0 },
      files: [{ name: "mesh.yaml", text: text.replaceAll("namespace: shop", `namespace: ${namespace}`) }],
    });
    expect(refused).toBeUndefined();
  }
  await lastGood.flush();
  write({ "more.yaml": workload("h") });
  expect((await check({ kind: "state", folder: state })).diagnostics).toEqual([]);
  // What is its own it may lose as before.
  write({ "workloads.yaml": workload("a"), "more.yaml": "" });
  const { diagnostics } = await check({ kind: "state", folder: state });
  commit("takes away its own");
  expect([said(diagnostics), hashes(diagnostics)]).toEqual([
    ["source_loss: the commit takes away 2 of 3 workloads of source root: default/b, default/c"],
    hashes(await take()),
  ]);
});

test.each<[string, () => Against, string]>([
  [
    "neither a revision nor a directory",
    () => ({ kind: "base", name: "mian", place: join(folder, "mian") }),
    "mian is neither a revision of the repository nor a directory",
  ],
  [
    "an option of git's",
    () => ({ kind: "base", name: "--all", place: join(folder, "--all") }),
    "--all is neither a revision of the repository nor a directory",
  ],
  ["no state folder", () => ({ kind: "state", folder: join(top, "none") }), "there is no folder"],
])("%s is named", async (_, against, sentence) => {
  await expect(check(against())).rejects.toThrow(StandingError);
  await expect(check(against())).rejects.toThrow(sentence);
});

test("a base that does not stand by itself, and a damaged state folder, are named", async () => {
  write({ "config.yaml": CONFIG.replace("trustDomain", "trustDomian") });
  commit("broken");
  write({ "config.yaml": CONFIG });
  await expect(check({ kind: "base", name: "HEAD", place: folder })).rejects.toThrow(
    "HEAD does not stand by itself: config.yaml:4:9: resource_field",
  );
  writeFileSync(join(state, "snapshots/last-good.json"), "{");
  await expect(check({ kind: "state", folder: state })).rejects.toThrow("what is in force cannot be read");
});
