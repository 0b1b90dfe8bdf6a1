/** Five hundred commits that are wrong, each in its own way: all are refused, and what was good stays in force. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Source } from "@regomesh/base";
import { expect, test } from "vitest";
import { build } from "../build/build.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { settle } from "../sources/settle.ts";
import type { SourceContent } from "../sources/source.ts";
import { POISONS, type Poison } from "../test/poisons.ts";
import { loadTools } from "./build/compiler.ts";
import { remember } from "./build/remember.ts";

const root = resolve(import.meta.dirname, "../../..");
const demo: readonly Source[] = ["policies/mesh", "examples/authz", "examples/mesh"].flatMap((folder) =>
  readdirSync(join(root, folder)).map((file) => ({
    name: relative(root, join(root, folder, file)),
    text: readFileSync(join(root, folder, file), "utf8"),
  })),
);
test("500 poisoned configurations: all refused, the last good one stays", { timeout: 300_000 }, async () => {
  const tools = remember(await loadTools());
  const content = (id: string, files: readonly Source[]): SourceContent => ({
    source: "root",
    label: "git main",
    revision: { id, subject: "", author: "", committedAtMs: 0 },
    path: "",
    files,
  });
  const rules = { rights: ALL_RIGHTS, trustDomain: "cluster.local" };
  const good = content("good", demo);
  const before = build([good], rules, tools).plan;
  expect(before).toBeDefined();
  const taken: string[] = [];
  const silent: string[] = [];
  for (let n = 0; n < 500; n++) {
    const [file, change] = POISONS[n % POISONS.length] as Poison;
    const files = demo.map((each) => (each.name === file ? { ...each, text: change(each.text, n) } : each));
    if (files.every((each, at) => each.text === demo[at]?.text)) throw new Error(`poison ${n} changes nothing`);
    const settled = await settle(
      [{ source: "root", newest: content(String(n), files), lastGood: good }],
      async (contents) => {
        const built = build(contents, rules, tools);
        return { built, isGood: built.plan !== undefined, blames: ["root"] };
      },
    );
    const refused = settled.refused.get("root");
    if (refused === undefined) taken.push(`${n}: ${file}`);
    else if (refused.diagnostics.length === 0 && refused.failedTests.length === 0) silent.push(`${n}: ${file}`);
    else expect(settled.chosen?.contents).toEqual([good]);
  }
  expect([taken, silent]).toEqual([[], []]);
  expect(build([good], rules, tools).plan?.meaning).toBe(before?.meaning);
});
