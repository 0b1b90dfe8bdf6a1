/**
 * A directory checked, and a commit of it built, over many cases: both say the same, and what
 * they say. Files that nobody reads refuse nothing; what would be lost is read or named.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { printRecord } from "@regomesh/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { build } from "../build/build.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { loadTools } from "./build/compiler.ts";
import { checkSource } from "./check-source.ts";
import { readCommitTree } from "./git/read-tree.ts";

const tools = await loadTools();
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
let folder: string;
const git = (...args: readonly string[]): string => {
  const own = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...own, "-C", folder, ...args], { env, encoding: "utf8" }).trim();
};
const write = (name: string, content: string | Uint8Array): void => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
};

const V = "apiVersion: regomesh.dev/v1alpha1";
const BINDING = `${V}
kind: PolicyBinding
metadata: { name: a }
spec: { unit: authz, direction: Inbound, entrypoints: [mesh/authz/allow] }
`;
const ALLOW = "package mesh.authz\n\nallow if not input.x in data.blocked\n";
const MORE = `${V}\nkind: Workload\nmetadata: { name: w2 }\nspec: { service: web }\n`;

function writeMesh(): void {
  write(
    "mesh.yaml",
    `${V}\nkind: MeshService\nmetadata: { name: web }\nspec: { ports: [{ port: 80 }] }\n---
${V}\nkind: Workload\nmetadata: { name: web }\nspec: { service: web }\n---\n${BINDING}`,
  );
  write("authz/a.rego", ALLOW);
  write("authz/data.yaml", "blocked: [eve]\n");
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-both-"));
  git("init", "-q", "--initial-branch=main");
  writeMesh();
});
afterEach(() => rmSync(folder, { recursive: true }));

type Verdict = { readonly isTaken: boolean; readonly said: readonly string[]; readonly workloads: number };

async function checked(): Promise<Verdict> {
  const { isTaken, diagnostics, failedTests, workloads } = await checkSource(folder);
  return { isTaken, said: [...diagnostics.map(printRecord), ...failedTests.map(({ name }) => name)], workloads };
}

async function committed(): Promise<Verdict> {
  git("add", "-A");
  git("commit", "-q", "--allow-empty", "-m", "case");
  const tree = await readCommitTree(join(folder, ".git"), git("rev-parse", "HEAD"), "");
  const { plan, diagnostics, failedTests } = build([tree], { rights: ALL_RIGHTS }, tools);
  const said = [...diagnostics.map(printRecord), ...failedTests.map(({ name }) => name)];
  return { isTaken: plan !== undefined, said, workloads: plan?.workloads.length ?? 0 };
}

type Case = {
  readonly make: () => void;
  /** What is said; where nothing is, the commit is taken. */
  readonly says?: readonly string[];
  readonly isTaken?: boolean;
  readonly workloads?: number;
};

const UTF16 = Uint8Array.from([0xff, 0xfe, ...Buffer.from(MORE, "utf16le")]);

const CASES: Readonly<Record<string, Case>> = {
  "as it is": { make: () => {} },
  // Files that nobody reads.
  "a link that is no policy": { make: () => symlinkSync("/etc/passwd", join(folder, "passwd")) },
  "a link of an unbound unit": { make: () => symlinkSync("a.rego", join(folder, "b.rego")) },
  "a fixture in Latin-1": { make: () => write("fixtures/f.yaml", Uint8Array.of(0x61, 0x3a, 0x20, 0xe9)) },
  "a fault in an unbound unit": { make: () => write("other/a.rego", "package x\n\nallow := := 1\n") },
  "5,100 manifests": {
    make: () => {
      for (let at = 0; at < 5100; at++)
        write(`k8s/${at}.yaml`, `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c${at} }\n`);
    },
  },
  "a Helm chart": {
    make: () => {
      write("chart/Chart.yaml", "name: c\n");
      write("chart/templates/a.yaml", "{{- if .Values.x }}\nkind: [\n{{ end }}\n");
    },
  },
  "a workflow that mentions the group": {
    make: () =>
      write(".github/workflows/ci.yml", "jobs: { a: { steps: [{ run: 'grep regomesh.dev/ apiVersion: x' }] } }\n"),
  },
  "an alias in another tool's document": { make: () => write("a.yaml", `a: &x 1\nb: *x\n---\n${MORE}`), workloads: 2 },
  "keys that stand twice in data": {
    make: () => write("authz/data.yaml", "blocked: []\nblocked: [eve]\n"),
    says: ['authz/data.yaml:2:1: data_error: key "blocked" stands twice in one object: only the last one counts'],
    isTaken: true,
  },
  "a file that git ignores": {
    make: () => {
      write(".gitignore", "local.yaml\n");
      write("local.yaml", `${V}\nkind: Nonsense\n`);
    },
  },
  "what .regomeshignore names": {
    make: () => {
      write(".regomeshignore", "fixtures/\n");
      write("fixtures/bad.yaml", `${V}\nkind: Nonsense\n`);
    },
  },
  "a manifest above the modules that it says the language of": {
    make: () => {
      rmSync(join(folder, "authz/a.rego"));
      write("authz/new/a.rego", "package mesh.authz\n\nallow if data.old.allow\n");
      write("authz/old/a.rego", "package old\n\nallow { not data.blocked[input.x] }\n");
      write("authz/.manifest", '{"rego_version": 1, "file_rego_versions": {"/old/*": 0}}');
    },
  },
  "a unit outside of the roots that its manifest says": {
    make: () => write("authz/.manifest", '{"roots": ["mesh/authz", "lists"]}'),
    says: ["authz/data.yaml:1:1: data_error: manifest roots [mesh/authz lists] do not permit data at path '/blocked'"],
  },
  "units of the same roots, which do not see each other": {
    make: () => {
      write("authz/.manifest", '{"roots": ["mesh", "blocked"]}');
      write("other/a.rego", "package mesh.other\n\nallow := true\n");
      write("other/.manifest", '{"roots": ["mesh"]}');
    },
  },
  // What would be lost is read.
  "resources in JSON, with tabs and a byte order mark": {
    make: () => {
      const json = {
        apiVersion: "regomesh.dev/v1alpha1",
        kind: "Workload",
        metadata: { name: "w2" },
        spec: { service: "web" },
      };
      write("more.json", `\ufeff${JSON.stringify(json, undefined, "\t")}\n`);
    },
    workloads: 2,
  },
  "resources in .YAML": { make: () => write("MORE.YAML", MORE), workloads: 2 },
  "resources in .Yml": { make: () => write("more.Yml", MORE), workloads: 2 },
  "resources in a data.yaml of no unit": { make: () => write("mesh/data.yaml", MORE), workloads: 2 },
  "resources in a hidden folder": { make: () => write(".mesh/more.yaml", MORE), workloads: 2 },
  "resources in a List": {
    make: () =>
      write("list.yaml", `apiVersion: v1\nkind: List\nitems:\n- ${MORE.trimEnd().replaceAll("\n", "\n  ")}\n`),
    workloads: 2,
  },
  "data with a byte order mark": { make: () => write("authz/data.json", '\ufeff{"more": 1}') },
  "a work tree in another encoding": {
    make: () => {
      write(".gitattributes", "more.yaml working-tree-encoding=UTF-16LE-BOM\n");
      write("more.yaml", UTF16);
    },
    workloads: 2,
  },
  // Or named.
  "a group that is misspelt": {
    make: () => write("more.yaml", MORE.replace("regomesh.dev", "regomesh.io")),
    says: ["more.yaml:1:13: resource_kind: unknown apiVersion regomesh.io/v1alpha1"],
  },
  "resources in a unit's data": {
    make: () => write("authz/data.yaml", MORE),
    says: ["authz/data.yaml:1:1: source_place: resources in a unit's data are not read"],
  },
  "a resource in another encoding": {
    make: () => write("more.yaml", Buffer.concat([Buffer.from(MORE), Uint8Array.of(0x23, 0xe9)])),
    says: ["more.yaml:5:2: source_unread: the file is not UTF-8"],
  },
  "a resource in UTF-16": {
    make: () => write("more.yaml", UTF16),
    says: ["more.yaml:1:1: source_unread: the file is not UTF-8"],
  },
  "a List whose kind is misspelt": {
    make: () =>
      write(
        "list.yaml",
        `apiVersion: v1\nkind: list\nitems:\n- ${MORE.replace("service", "servise").trimEnd().replaceAll("\n", "\n  ")}\n`,
      ),
    says: [
      "list.yaml:7:9: resource_missing: spec.service is missing",
      "list.yaml:7:11: resource_field: unknown field servise in spec",
    ],
  },
  "a link to a resource": {
    make: () => symlinkSync("mesh.yaml", join(folder, "link.yaml")),
    says: ["link.yaml:1:1: source_unread: the file is a symbolic link, which is not followed"],
    isTaken: true,
  },
  "resources that are a pointer": {
    make: () => write("more.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"),
    says: ["more.yaml:1:1: source_unread: the file is a pointer of Git LFS, not the file"],
    isTaken: true,
  },
  "a large file": {
    make: () => write("package-lock.json", `{"a": "${"x".repeat(9 * 1024 * 1024)}"}`),
    says: ["package-lock.json:1:1: source_unread: the file is larger than the 8388608 bytes that are read of a file"],
    isTaken: true,
  },
  "a resource as a Helm template": {
    make: () => {
      write("chart/Chart.yaml", "name: c\n");
      write("chart/templates/a.yaml", `${V}\nkind: Workload\nmetadata: { name: {{ .Release.Name }} }\n`);
    },
    says: ["chart/templates/a.yaml:1:1: source_unread: the file is a template of a Helm chart, which is not rendered"],
    isTaken: true,
  },
  // What a bound unit needs.
  "a link in a bound unit": {
    make: () => symlinkSync("a.rego", join(folder, "authz/b.rego")),
    says: ["authz/b.rego:1:1: source_unread: unit authz needs authz/b.rego, which is a symbolic link"],
  },
  "a bound unit behind a link": {
    make: () => {
      rmSync(join(folder, "authz"), { recursive: true });
      write("real/a.rego", ALLOW);
      symlinkSync("real", join(folder, "authz"));
    },
    says: [
      "authz:1:1: source_unread: unit authz needs authz, which is a symbolic link",
      "mesh.yaml:14:15: reference_unknown: no directory authz with Rego in the source",
    ],
  },
  "data that is empty": {
    make: () => write("authz/data.yaml", ""),
    says: ["authz/data.yaml:1:1: data_void: the data of unit authz is empty"],
  },
  "data that is a comment, below": {
    make: () => write("authz/deep/data.yaml", "# later\n"),
    says: ["authz/deep/data.yaml:1:1: data_void: the data of unit authz holds nothing but comments"],
  },
  "data that is null": {
    make: () => write("authz/deep/data.json", "null\n"),
    says: ["authz/deep/data.json:1:1: data_void: the data of unit authz is null"],
  },
  "data that is a pointer": {
    make: () => write("authz/deep/data.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"),
    says: ["authz/deep/data.yaml:1:1: data_void: the data of unit authz is a pointer of Git LFS, not the data"],
  },
  "data that is not UTF-8": {
    make: () => write("authz/data.yaml", Uint8Array.of(0x61, 0x3a, 0x20, 0xe9)),
    says: ["authz/data.yaml:1:4: source_unread: unit authz needs authz/data.yaml, which is not UTF-8"],
  },
  "a policy that does not compile": {
    make: () => write("authz/b.rego", "package mesh.authz\n\nallow if nobody\n"),
    says: ["authz/b.rego:3:10: rego_unsafe_var_error: var nobody is unsafe"],
  },
  "a test that fails": {
    make: () => write("authz/a_test.rego", "package mesh.authz_test\n\ntest_no if false\n"),
    says: ["data.mesh.authz_test.test_no"],
  },
};

describe("check and controller agree", () => {
  test.each(Object.entries(CASES))(
    "on %s",
    async (_, { make, says = [], isTaken = says.length === 0, workloads = 1 }) => {
      make();
      const check = await checked();
      expect(check).toEqual({ isTaken, said: says, workloads: isTaken ? workloads : 0 });
      expect(await committed()).toEqual(check);
    },
  );
});

test("what goes through a filter into a commit is named, for it is not what lies here", async () => {
  write(".gitattributes", "*/data.yaml filter=lfs\n");
  expect((await checked()).said).toEqual([
    "authz/data.yaml:1:1: source_unread: unit authz needs authz/data.yaml, which goes through the filter lfs into a commit",
  ]);
});

test("a directory of a repository is checked as that directory, and one without a repository as it is", async () => {
  git("add", "-A");
  git("commit", "-q", "-m", "first");
  const whole = folder;
  const below = join(whole, "below");
  for (const name of ["mesh.yaml", "authz/a.rego", "authz/data.yaml"]) {
    folder = whole;
    const text = execFileSync("cat", [join(whole, name)], { encoding: "utf8" });
    write(`below/${name}`, text);
  }
  const { path, isTaken, files } = await checkSource(below);
  expect([path, isTaken, files.map(({ name }) => name)]).toEqual([
    "below",
    true,
    ["below/authz/a.rego", "below/authz/data.yaml", "below/mesh.yaml"],
  ]);
  rmSync(join(whole, ".git"), { recursive: true });
  expect(await checkSource(below)).toMatchObject({ path: "", isTaken: true, workloads: 1 });
});

test("checking runs no command of the repository, and leaves nothing in it", async () => {
  const marker = join(folder, "ran");
  write("evil.sh", `#!/bin/sh\ntouch ${marker}\ncat\n`);
  execFileSync("chmod", ["+x", join(folder, "evil.sh")]);
  git("config", "filter.evil.clean", join(folder, "evil.sh"));
  git("config", "core.fsmonitor", join(folder, "evil.sh"));
  write(".gitattributes", "*.rego filter=evil\n");
  const objects = () => readdirSync(join(folder, ".git"), { recursive: true }).sort();
  const before = objects();
  await checked();
  expect(objects()).toEqual(before);
  expect(existsSync(marker)).toBe(false);
});
