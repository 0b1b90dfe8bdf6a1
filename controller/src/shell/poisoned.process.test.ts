/** Five hundred commits that are wrong, each in its own way: all are refused, and what was good stays in force. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Source } from "@regomesh/base";
import { expect, test } from "vitest";
import { build } from "../build/build.ts";
import { ALL_RIGHTS } from "../index/rights.ts";
import { settle } from "../sources/settle.ts";
import type { SourceContent } from "../sources/source.ts";
import { loadTools } from "./build/compiler.ts";
import { remember } from "./build/remember.ts";

const root = resolve(import.meta.dirname, "../../..");
const demo: readonly Source[] = ["policies/mesh", "examples/authz", "examples/mesh"].flatMap((folder) =>
  readdirSync(join(root, folder)).map((file) => ({
    name: relative(root, join(root, folder, file)),
    text: readFileSync(join(root, folder, file), "utf8"),
  })),
);
const REGO = "examples/authz/orders.rego";
const MESH = "examples/mesh/mesh.yaml";
const BINDINGS = "examples/mesh/bindings.yaml";
const DATA = "examples/authz/data.yaml";

type Poison = readonly [file: string, change: (text: string, n: number) => string];
/** Each with a number in it, so that no two are alike. */
const POISONS: readonly Poison[] = [
  [REGO, (text, n) => `${text}\nallow := := ${n}\n`],
  [REGO, (text, n) => `${text}\nallow if input.x == nobody_${n}\n`],
  [REGO, (text, n) => `${text}\np_${n} := p_${n}\n`],
  [REGO, (text, n) => `${text}\nq_${n} := unknown_builtin_${n}(1)\n`],
  [REGO, (text, n) => `${text}\nr_${n} := http.send({"url": "http://x/${n}"})\n`],
  [REGO, (text, n) => text.slice(0, text.length - 20 - (n % 50))],
  [REGO, (text, n) => text.replace("default allow := false", `default allow := ${n % 2 === 0}\n\nallow := "${n}"`)],
  [MESH, (text, n) => text.replace("kind: MeshService", `kind: MeshServise${n}`)],
  [
    MESH,
    (text, n) =>
      `${text}\n---\napiVersion: regomesh.dev/v1alpha1\nkind: MeshConfig\nmetadata: { name: m${n} }\nspec: {}\n`,
  ],
  [
    MESH,
    (text, n) =>
      `${text}\n---\napiVersion: regomesh.dev/v1alpha1\nkind: MeshService\nmetadata: { name: s${n} }\nspec: { ports: [{ port: ${70_000 + n} }] }\n`,
  ],
  [
    MESH,
    (text, n) =>
      `${text}\n---\napiVersion: regomesh.dev/v1alpha1\nkind: MeshService\nmetadata: { name: s${n} }\nspec: { prots: [] }\n`,
  ],
  [
    MESH,
    (text, n) =>
      `${text}\n---\napiVersion: regomesh.dev/v1alpha1\nkind: Workload\nmetadata: { name: w${n} }\nspec: { service: gone${n} }\n`,
  ],
  [
    MESH,
    (text, n) =>
      `${text}\n---\napiVersion: regomesh.dev/v1alpha1\nkind: MeshService\nmetadata: { name: S_${n} }\nspec: { ports: [{ port: 80 }] }\n`,
  ],
  [MESH, (text, n) => `${text}\n---\n\t- apiVersion: regomesh.dev/v1alpha1 ${n}\n`],
  [MESH, (text, n) => text.replace("cluster.local", `other${n}.example`)],
  [BINDINGS, (text, n) => text.replace(/unit: \S+/, `unit: nowhere/${n}`)],
  [BINDINGS, (text, n) => text.replace("tier: Mandatory", `tier: Mandatory${n}`)],
  [BINDINGS, (text, n) => text.replace(/mesh\/authz\/allow/, `mesh/authz/no_rule_${n}`)],
  [DATA, (text, n) => `${text}\n  - : ${n} [\n`],
  [DATA, (_, n) => `# nothing but a comment ${n}\n`],
];

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
