import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Git, noMemory, readTree } from "./read-tree.ts";

const hashOf = (text: string) => createHash("sha1").update(text).digest("hex");

/** A repository of these files, as git tells of it, and of which blobs it was asked. */
function makeGit(files: ReadonlyMap<string, string>): { readonly git: Git; readonly asked: string[] } {
  const blobs = new Map([...files.values()].map((text) => [hashOf(text), text]));
  const asked: string[] = [];
  const git: Git = async ([command], _, input = "") => {
    if (command === "ls-tree") {
      const rows = [...files].map(
        ([path, text]) => `100644 blob ${hashOf(text)} ${String(Buffer.byteLength(text)).padStart(7)}\t${path}\0`,
      );
      return Buffer.from(rows.join(""));
    }
    const hashes = input.split("\n").filter((hash) => hash !== "");
    asked.push(...hashes);
    return Buffer.concat(
      hashes.map((hash) => {
        const text = blobs.get(hash) ?? "";
        return Buffer.from(`${hash} blob ${Buffer.byteLength(text)}\n${text}\n`);
      }),
    );
  };
  return { git, asked };
}

const RESOURCE = "apiVersion: regomesh.dev/v1alpha1\nkind: MeshConfig\n";
const TEXTS = [
  "",
  "package a\n",
  "package b\n",
  RESOURCE,
  "a: 1\n",
  "version https://git-lfs.github.com/spec/v1\n",
  "ä",
];
const PATHS = [
  "a.rego",
  "u/a.rego",
  "u/data.json",
  "data.json",
  "mesh.yaml",
  "chart/Chart.yaml",
  "chart/templates/m.yaml",
];

test("a tree that is read after another is what it is by itself", async () => {
  const someFiles = fc.dictionary(fc.constantFrom(...PATHS), fc.constantFrom(...TEXTS));
  await fc.assert(
    fc.asyncProperty(fc.array(someFiles, { minLength: 1, maxLength: 6 }), async (trees) => {
      const memory = noMemory();
      for (const files of trees) {
        const { git } = makeGit(new Map(Object.entries(files)));
        expect(await readTree(git, "HEAD", "", memory)).toEqual(await readTree(git, "HEAD", ""));
      }
    }),
  );
});

test("of a commit those blobs are asked for that were not there before", async () => {
  const memory = noMemory();
  const first = new Map([
    ["u/a.rego", "package a\n"],
    ["u/b.rego", "package b\n"],
    ["mesh.yaml", RESOURCE],
  ]);
  const one = makeGit(first);
  const before = await readTree(one.git, "HEAD", "", memory);
  expect(one.asked.length).toBe(3);
  const other = makeGit(new Map([...first, ["u/b.rego", "package c\n"]]));
  const after = await readTree(other.git, "HEAD", "", memory);
  expect(other.asked).toEqual([hashOf("package c\n")]);
  // And stay the same values, by which what was found out about them is found again.
  expect(after.files.map((file) => before.files.includes(file))).toEqual([true, true, false]);
  const same = makeGit(first);
  await readTree(same.git, "HEAD", "", memory);
  await readTree(same.git, "HEAD", "", memory);
  expect(same.asked).toEqual([hashOf("package b\n")]);
});
