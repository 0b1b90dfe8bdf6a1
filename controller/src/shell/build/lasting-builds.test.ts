/** Whatever is edited, a build process that lives on answers as one that has just started, and proxies are sent the same. */
import type { Diagnostic, Source } from "@regomesh/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeTools } from "../../../test/make-tools.ts";
import { type BuildRules, build, type MeshPlan } from "../../build/build.ts";
import type { SourceTree } from "../../build/source-tree.ts";
import type { PolicyTools, UnitFiles } from "../../build/tools.ts";
import { checkPlan, makeContents, type Publication, toPublication } from "../../distribution/release.ts";
import { freshIn } from "../../index/seniority.ts";
import { ROOT_SOURCE } from "../../sources/source.ts";
import { contentsOf, learnContents, SentFiles, SentPlan, TakenFiles, takeLists } from "./held.ts";
import { remember } from "./remember.ts";

const RUNS = Number(process.env["REGOMESH_RUNS"] ?? 40);
const EDITS_MAX = 24;

/** A policy that says `broken` does not compile, one that says `fails` has a test that does; comments mean nothing. */
function makeTextTools(): PolicyTools {
  const tools = makeTools();
  const said = ({ name, files }: UnitFiles) => JSON.stringify([name, files]);
  const faults = (units: readonly UnitFiles[]): readonly Diagnostic[] =>
    units.flatMap(({ files }) =>
      files.flatMap((source) => {
        const start = source.text.indexOf("broken");
        const at = { source, span: { start, end: start + 1 } };
        return start < 0 ? [] : [{ code: "rego_parse_error", severity: "error", message: "it is broken", at } as const];
      }),
    );
  return {
    ...tools,
    meaningOf: ({ files }) => JSON.stringify(files.map(({ name, text }) => [name, text.replaceAll(/^#.*\n/gm, "")])),
    compile(units, entrypoints, role) {
      const diagnostics = faults(units);
      const made = tools.compile(units, entrypoints, role);
      if (made.module === undefined || diagnostics.length > 0) return { diagnostics };
      const wasm = new TextEncoder().encode(JSON.stringify([role, units.map(said), entrypoints]));
      return { diagnostics, module: { ...made.module, wasm } };
    },
    test(unit) {
      const failed = unit.files.filter(({ text }) => text.includes("test_fails"));
      const passed = unit.files.filter(({ text }) => text.includes("test_passes")).length;
      const toFailed = ({ name }: Source) => ({ name: "test_fails", file: name, row: 3, message: "it is not true" });
      return { diagnostics: faults([unit]), passed, failed: failed.map(toFailed), cpuMs: 0 };
    },
  };
}

const resource = (kind: string, name: string, spec: string, metadata = "") =>
  `apiVersion: regomesh.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name}${metadata} }\nspec: ${spec}\n`;
const service = (name: string, of: string, workload: string, metadata = "") =>
  `${resource("MeshService", name, of)}---\n${resource("Workload", name, workload, metadata)}`;
const binding = (name: string, spec: string, metadata = "") =>
  resource("PolicyBinding", name, `{ direction: Inbound, entrypoints: [mesh/authz/allow], ${spec} }`, metadata);
const rego = (value: string, more = "") => `package mesh.authz\n\nallow := ${value}\n${more}`;

/** What files may hold, whatever they are called; those of policies lie in a directory of their own. */
const DOCUMENTS = [
  resource("MeshConfig", "m", "{ pathLevel: Base }"),
  resource("MeshConfig", "m", "{ pathLevel: MergeSlashes, defaultVerdict: Allow, trustDomain: td.example }"),
  service("web", "{ ports: [{ port: 80 }] }", "{ service: web }"),
  service("web", "{ ports: [{ port: 80 }] }", "{ service: web }", ", labels: { tier: front }"),
  service("web", "{ ports: [{ port: 80 }] }", "{ service: web }", ", annotations: { by: somebody }"),
  service("web", "{ ports: [{ port: 80 }], hosts: [shop.example] }", "{ service: web, calls: [orders] }"),
  service(
    "web",
    "{ ports: [{ port: 80 }], subsets: [{ name: v1, labels: { v: '1' } }] }",
    "{ service: web }",
    ", labels: { v: '1' }",
  ),
  service("orders", "{ ports: [{ port: 80 }], hosts: [shop.example] }", "{ service: orders }"),
  resource("MeshService", "cart", "{ ports: [{ port: 80 }, { name: more, port: 81 }] }", ", namespace: shop"),
  resource("Workload", "cart", "{ service: cart }", ", namespace: shop"),
  resource(
    "Workload",
    "orders",
    "{ service: orders, listen: { address: 127.0.0.1 } }",
    ", labels: { tier: front, v: '2' }",
  ),
  service("orders", "{ ports: [{ port: 80 }], selector: { tier: front } }", "{ service: orders }"),
  service("orders", "{ ports: [{ port: 80, mode: none }] }", "{ service: orders }"),
  binding("bound", "unit: a"),
  binding("bound", "unit: a, mode: Shadow"),
  binding("bound", "unit: b, selector: { services: [orders] }"),
  binding("other", "unit: a, selector: { services: [web] }"),
  binding("other", "policy: inline"),
  binding("root", "unit: b, tier: Mandatory, selector: { namespaces: ['*'] }", ", namespace: regomesh-system"),
  resource("Policy", "inline", "{ modules: { a.rego: 'package mesh.authz' } }"),
  resource("Policy", "inline", "{ modules: { a.rego: 'package mesh.authz', a_test.rego: 'test_fails' } }"),
  resource("TrafficPolicy", "slow", "{ services: [web] }"),
  resource("TrafficPolicy", "quick", "{ services: [web, orders] }"),
  resource("TrafficPolicy", "slow", "{ services: [web], timeouts: { request: 3s } }"),
  resource("MeshConfig", "m", "{ release: { canary: { labels: { tier: front } } } }"),
  resource(
    "PolicySource",
    "shop",
    "{ url: 'https://git.example/shop', namespaces: [default] }",
    ", namespace: regomesh-system",
  ),
  resource(
    "MeshTest",
    "asked",
    "{ from: { service: web }, to: { service: orders }, request: { path: / }, expect: {} }",
  ),
  "apiVersion: regomesh.dev/v1alpha1\nkind: [\n",
  "nobody's: document\n",
];
const POLICIES = [
  rego("true"),
  rego("false"),
  rego("true", "\ntest_passes if allow\n"),
  rego("true", "\ntest_fails if not allow\n"),
  rego("broken"),
  "package mesh.authz\n\nhelps := 1\n",
];
const DATA = ["{}", '{"a": 1}', resource("MeshService", "in-data", "{ ports: [{ port: 80 }] }")];
const NAMES = [
  "one.yaml",
  "two.yaml",
  "three.yaml",
  "four.yaml",
  "a/five.yaml",
  "a/a.rego",
  "a/b.rego",
  "a/b/c.rego",
  "b/a.rego",
  "b/data.yaml",
];
const SOURCES = [ROOT_SOURCE, "team", "shop"];

const textsOf = (name: string) => (name.endsWith(".rego") ? POLICIES : name.endsWith("data.yaml") ? DATA : DOCUMENTS);

type Files = ReadonlyMap<string, string>;
/** By source. */
type Held = ReadonlyMap<string, Files>;

const anyPlace = fc.record({
  source: fc.constantFrom(ROOT_SOURCE, ROOT_SOURCE, ...SOURCES),
  name: fc.constantFrom(...NAMES),
});
const anyEdit = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("write"), at: anyPlace, text: fc.nat(100), comment: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete"), at: anyPlace }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("move"), at: anyPlace, to: anyPlace }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("back"), by: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("drop"), source: fc.constantFrom(...SOURCES) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("swap"),
      source: fc.constantFrom(...SOURCES),
      with: fc.constantFrom(...SOURCES),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rights"), namespaces: fc.subarray(["default", "shop"]) }) },
);
type Edit = typeof anyEdit extends fc.Arbitrary<infer E> ? E : never;

const BEGIN: Held = new Map([
  [
    ROOT_SOURCE,
    new Map([
      ["one.yaml", DOCUMENTS[2] ?? ""],
      ["two.yaml", DOCUMENTS[7] ?? ""],
      ["three.yaml", DOCUMENTS[9] ?? ""],
      ["a/a.rego", POLICIES[0] ?? ""],
      ["b/a.rego", POLICIES[1] ?? ""],
    ]),
  ],
]);

function edited(held: Held, before: readonly Held[], edit: Edit): Held {
  const put = (of: Held, { source, name }: { source: string; name: string }, text: string | undefined): Held => {
    const files = new Map(of.get(source));
    if (text === undefined) files.delete(name);
    else files.set(name, text);
    return new Map(of).set(source, files);
  };
  switch (edit.kind) {
    case "write": {
      const texts = textsOf(edit.at.name);
      return put(held, edit.at, `${"# nothing\n".repeat(edit.comment)}${texts[edit.text % texts.length]}`);
    }
    case "delete":
      return put(held, edit.at, undefined);
    case "move": {
      const text = held.get(edit.at.source)?.get(edit.at.name);
      return text === undefined ? held : put(put(held, edit.at, undefined), edit.to, text);
    }
    case "drop": {
      const { [edit.source]: _, ...others } = Object.fromEntries(held);
      return new Map(Object.entries(others));
    }
    case "swap": {
      const [one, other] = [held.get(edit.source), held.get(edit.with)];
      return new Map(held).set(edit.source, other ?? new Map()).set(edit.with, one ?? new Map());
    }
    case "back":
      return before.at(-1 - edit.by) ?? held;
    case "rights":
      return held;
  }
}

const filesOf = (files: Files): readonly Source[] =>
  [...files].map(([name, text]) => ({ name, text })).sort((a, b) => (a.name < b.name ? -1 : 1));

function treesOf(held: Held, inForce: Held): SourceTree[] {
  return [...held]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([source, own]) => {
      const files = filesOf(own);
      const good = inForce.get(source);
      const fresh = freshIn(files, good && filesOf(good));
      return { source, path: "", files, inPieces: source === "team", ...(fresh === undefined ? {} : { fresh }) };
    });
}

const across = <T>(value: T): T => structuredClone(value);

const releaseOf = (plan: MeshPlan, sequence: number) => ({
  revision: { epoch: "e", sequence, name: "r" },
  plan,
  source: "git main",
  builtAtMs: 0,
  issuedAtMs: 0,
  explainDenials: false,
});

const namesOf = ({ snapshots }: Publication) => [...snapshots].map(([key, { parts }]) => [key, parts.names]);

/** A build process and its controller, as they go on. */
class Lasting {
  readonly #tools = remember(makeTextTools());
  readonly #files = [new SentFiles(), new TakenFiles()] as const;
  readonly #sent = new SentPlan();
  #contents: Parameters<typeof makeContents>[1];
  #held: MeshPlan | undefined;
  #publication: Publication | undefined;
  #id = 0;
  #since: number | undefined;

  build(trees: readonly SourceTree[], rules: BuildRules) {
    const [sentFiles, taken] = this.#files;
    const built = build(taken.take(across(sentFiles.send(trees))), rules, this.#tools);
    if (built.plan === undefined) return { built };
    const whole = this.#sent.hold(built.plan);
    this.#contents = makeContents(whole, this.#contents);
    const lists = this.#sent.send(++this.#id, whole, this.#since);
    this.#since = this.#id;
    const problems = checkPlan(whole);
    const made = takeLists(across(lists), this.#held);
    learnContents(made, across(contentsOf(lists)));
    this.#held = { ...across({ ...built.plan, workloads: [], outbound: [], services: [] }), ...made };
    this.#publication = toPublication(releaseOf(this.#held, this.#id), undefined, this.#publication);
    return { built: { ...built, plan: this.#held }, problems, publication: this.#publication };
  }
}

test("a build process that lives on says what one that has just started says, and its controller sends the same", () => {
  let [accepted, refused] = [0, 0];
  fc.assert(
    fc.property(fc.array(anyEdit, { minLength: 4, maxLength: EDITS_MAX }), (edits) => {
      const lasting = new Lasting();
      let [held, inForce, namespaces]: [Held, Held, readonly string[]] = [BEGIN, new Map(), ["default"]];
      let hosts: BuildRules["hosts"];
      const before: Held[] = [];
      for (const edit of edits) {
        before.push(held);
        held = edited(held, before, edit);
        if (edit.kind === "rights") namespaces = edit.namespaces;
        const trees = treesOf(held, inForce);
        const rules: BuildRules = { rights: [], sources: { team: [{ path: "", namespaces }] }, hosts };
        const expected = build(across(trees), rules, makeTextTools());
        const { built, problems, publication } = lasting.build(trees, rules);
        expect(built).toEqual(expected);
        if (expected.plan === undefined) {
          refused++;
          continue;
        }
        accepted++;
        [inForce, hosts] = [held, expected.plan.inventory?.hosts];
        const anew = across(expected.plan);
        expect(problems).toEqual(checkPlan(anew));
        expect(publication && namesOf(publication)).toEqual(namesOf(toPublication(releaseOf(anew, 1))));
      }
    }),
    { numRuns: RUNS },
  );
  expect(Math.min(accepted, refused)).toBeGreaterThan(RUNS);
});
