/** `npm run conformance:corpora`: public policy repositories with tests of their own. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { hasErrors, printDiagnostic } from "@regomesh/base";
import {
  formatModule,
  makeOwnBuiltins,
  type OwnBuiltin,
  type OwnBuiltins,
  parseModule,
  type RegoVersion,
  runTests,
  toUnit,
} from "@regomesh/policy-compiler";
import { builtinsIn, loadRuntime, makeToolLoader } from "@regomesh/policy-compiler/node";
import { WrongUsage } from "../command-line.ts";
import { type Opa, openOpa } from "../differential/opa.ts";
import { compareAlone } from "./corpus-alone.ts";

type Corpus = {
  readonly name: string;
  readonly rego_version: string;
  readonly opa_fmt_clean: boolean | null;
  readonly custom_builtins: false | { readonly builtins: readonly Pick<OwnBuiltin, "name" | "decl">[] };
};

/** The paths of one run of `opa test`, below the corpus's folder. */
type Run = readonly string[];

/** Data files with text behind their first value, which OPA refuses to load. */
const IGNORED = /gcp_glb_external_ip|gke_container_optimized_os/;

const RUNS: Readonly<Record<string, (folder: string) => readonly Run[]>> = {
  "conftest-examples": (folder) =>
    [
      ...new Set(
        filesBelow(folder, /^examples\/[^/]+\/policy\/.*_test\.rego$/).map((file) =>
          file.split("/").slice(0, 3).join("/"),
        ),
      ),
    ].map((path) => [path]),
  "gcp-policy-library": () => [["lib", "validator"]],
  "opa-contrib": (folder) =>
    ["cloud-foundry", "k8s_node_selector", "simplecov/example", "sonarcloud/example", "cobertura/example"]
      .filter((path) => existsSync(join(folder, path)))
      .map((path) => [path]),
  "opa-library": () => ["aws", "docker", "istio", "kubernetes", "terraform"].map((path) => [path]),
  "spacelift-policies": (folder) =>
    filesBelow(folder, /_test\.rego$/).map((file) => [file, file.replace(/_test\.rego$/, ".rego")]),
  "trivy-checks-k8s-docker": () => [["lib", "checks"]],
};

/** Of the repository only this is the corpus: other checks need what Trivy knows of clouds. */
const PARTS: Readonly<Record<string, RegExp>> = {
  "conftest-examples": /^examples\//,
  "trivy-checks-k8s-docker": /^(?:lib\/|checks\/(?:kubernetes|docker)\/).*\.rego$/,
};

export const USAGE = `Runs public policy repositories with tests of their own: every module parses and checks, and every test gives the
verdict that \`opa test\` gives; of a corpus with built-ins of its own, that an opa with these gives.

usage: npm run conformance:corpora -- DIR [--opa PATH] [--own-opa PATH] [--alone] [--only NAME] [--verbose]
  DIR             holds the repositories of rego/corpora.json (of REGOMESH_SHARED), each in a folder of its name
  --opa PATH      the opa to compare with; without it no verdict is compared
  --own-opa PATH  an opa with the corpora's own built-ins
  --alone         each module is checked and formatted by itself, too, against OPA's Go module
  --only NAME     this corpus alone
  -v, --verbose   every difference, not the first ten of each
exit codes: 0 all alike, 1 some differ, 64 wrong usage`;

export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...{ opa: { type: "string" }, "own-opa": { type: "string" } },
      alone: { type: "boolean", default: false },
      only: { type: "string" },
      verbose: { type: "boolean", short: "v" },
    },
  });
  const [root] = positionals;
  const shared = process.env["REGOMESH_SHARED"] ?? resolve(import.meta.dirname, "../../../../shared");
  if (root === undefined) {
    throw new WrongUsage("it needs the folder that holds the repositories of corpora.json, by their names");
  }
  const corpora = JSON.parse(readFileSync(join(shared, "rego/corpora.json"), "utf8")) as readonly Corpus[];
  let exit = 0;
  for (const corpus of corpora) {
    const folder = join(root, corpus.name);
    if (!existsSync(folder) || (values.only !== undefined && values.only !== corpus.name)) continue;
    const opa = corpus.custom_builtins === false ? values.opa : values["own-opa"];
    using batch = values.alone ? openOpa(values.opa ?? "opa") : undefined;
    const report = await runCorpus(corpus, folder, { opa, shared, batch });
    for (const line of values.verbose ? report.wrong : report.wrong.slice(0, 10)) console.log(`  ${line}`);
    console.log(`${corpus.name}: ${report.summary}`);
    if (report.wrong.length > 0) exit = 1;
  }
  return exit;
}

type Settings = { readonly opa: string | undefined; readonly shared: string; readonly batch: Opa | undefined };
type Report = { readonly summary: string; readonly wrong: readonly string[] };
type Verdict = "pass" | "fail" | "error" | "skip";

async function runCorpus(corpus: Corpus, folder: string, { opa, shared, batch }: Settings): Promise<Report> {
  const version: RegoVersion = corpus.rego_version.startsWith("v0") ? "v0" : "v1";
  const wrong: string[] = [];
  const part = PARTS[corpus.name] ?? /^/;
  const files = filesBelow(folder, /\.rego$/).filter((file) => part.test(file));
  for (const file of files) {
    const source = { name: file, text: readFileSync(join(folder, file), "utf8"), version };
    for (const each of parseModule(source).diagnostics) wrong.push(printDiagnostic(each));
    if (corpus.opa_fmt_clean && formatModule(source).text !== source.text) wrong.push(`${file}: fmt changes it`);
    if (batch !== undefined) wrong.push(...(await compareAlone(batch, source)));
  }
  const own = corpus.custom_builtins === false ? undefined : await readOwn(corpus.custom_builtins.builtins, shared);
  const counts = { pass: 0, fail: 0, error: 0, skip: 0 };
  let compared = 0;
  let refused = 0;
  for (const paths of RUNS[corpus.name]?.(folder) ?? []) {
    const { verdicts, faults } = await runOurs(folder, paths, { version, own, part });
    for (const verdict of verdicts.values()) counts[verdict]++;
    if (opa === undefined) {
      wrong.push(...faults);
      continue;
    }
    const wanted = runOpa(opa, folder, paths, version);
    if (typeof wanted === "string") {
      if (faults.length === 0) wrong.push(`${paths.join(" ")}: OPA refuses it: ${wanted}`);
      else refused++;
      continue;
    }
    wrong.push(...faults);
    compared += wanted.size;
    for (const [test, verdict] of wanted) {
      const got = verdicts.get(test) ?? "missing";
      if (got !== verdict) wrong.push(`${test}: ${got}, and to OPA ${verdict}`);
    }
    for (const test of verdicts.keys()) if (!wanted.has(test)) wrong.push(`${test}: unknown to OPA`);
  }
  const told = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return {
    summary: `${files.length} files; ${told.join(", ")}; ${compared} compared with opa test, ${refused} runs that it refuses, too`,
    wrong,
  };
}

function filesBelow(folder: string, wanted: RegExp): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => wanted.test(file))
    .sort();
}

/** Tests are known by their file, package and name; a name that repeats counts up. */
async function runOurs(
  folder: string,
  paths: Run,
  {
    version,
    own,
    part,
  }: { readonly version: RegoVersion; readonly own: OwnBuiltins | undefined; readonly part: RegExp },
): Promise<{ readonly verdicts: ReadonlyMap<string, Verdict>; readonly faults: readonly string[] }> {
  const names = paths.flatMap((path) => {
    if (statSync(join(folder, path)).isFile()) return [path];
    return filesBelow(join(folder, path), /\.(rego|json|ya?ml)$/).map((file) => join(path, file));
  });
  const files = names
    .filter((name) => part.test(name))
    .filter((name) => !IGNORED.test(name) || name.endsWith(".rego"))
    .map((name) => ({ name: insideOf(paths, name), text: readFileSync(join(folder, name), "utf8") }));
  const { unit, diagnostics } = toUnit({ name: "", directory: "", files, data: "directory", version });
  if (hasErrors(diagnostics)) return { verdicts: new Map(), faults: diagnostics.map(printDiagnostic) };
  const load = makeToolLoader({ nowMs: Date.now, allowNet: [] });
  const report = runTests({
    unit,
    runtime: await loadRuntime(),
    hostBuiltins: { ...(await load(builtinsIn([...unit.modules, ...unit.tests]))), ...own?.hostBuiltins },
    ...(own === undefined ? {} : { builtins: own.signatures }),
    nowMs: () => performance.now(),
  });
  const verdicts = new Map<string, Verdict>();
  for (const { file, package: path, name, outcome } of report.tests) {
    add(verdicts, `${file} ${path} ${withoutCount(name.slice(path.length + 1))}`, outcome);
  }
  return { verdicts, faults: report.diagnostics.filter(({ severity }) => severity === "error").map(printDiagnostic) };
}

/** A directory's data go under their path in it. */
function insideOf(paths: Run, name: string): string {
  const path = paths.find((each) => name === each || name.startsWith(`${each}/`)) ?? "";
  return name === path ? name.slice(name.lastIndexOf("/") + 1) : relative(path, name);
}

/** `test_x#01` is the second of that name. */
function withoutCount(name: string): string {
  return name.replace(/#\d+$/, "");
}

function add(verdicts: Map<string, Verdict>, test: string, verdict: Verdict): void {
  let name = test;
  for (let count = 2; verdicts.has(name); count++) name = `${test} (${count})`;
  verdicts.set(name, verdict);
}

type OpaTest = {
  readonly location: { readonly file: string };
  readonly package: string;
  readonly name: string;
  readonly fail?: boolean;
  readonly error?: unknown;
  readonly skip?: boolean;
};

function runOpa(opa: string, folder: string, paths: Run, version: RegoVersion): ReadonlyMap<string, Verdict> | string {
  const ignored = ["gcp_glb_external_ip", "gke_container_optimized_os"].flatMap((name) => ["--ignore", name]);
  const flags = [
    "test",
    "-f",
    "json",
    "--timeout",
    "60s",
    ...(version === "v0" ? ["--v0-compatible"] : []),
    ...ignored,
  ];
  const run = spawnSync(opa, [...flags, ...paths], { cwd: folder, encoding: "utf8", maxBuffer: 256 * 1024 * 1024 });
  let tests: readonly OpaTest[];
  try {
    tests = JSON.parse(run.stdout) as readonly OpaTest[];
  } catch {
    return run.stderr.slice(0, 300);
  }
  const verdicts = new Map<string, Verdict>();
  for (const { location, package: path, name, fail, error, skip } of tests) {
    const verdict = skip ? "skip" : error === undefined ? (fail ? "fail" : "pass") : "error";
    add(verdicts, `${insideOf(paths, location.file)} ${path} ${withoutCount(name)}`, verdict);
  }
  return verdicts;
}

/** The stand-ins beside the corpora's list. */
async function readOwn(builtins: readonly Pick<OwnBuiltin, "name" | "decl">[], shared: string): Promise<OwnBuiltins> {
  const folder = join(shared, "rego/custom-builtins");
  const loaded = (await import(pathToFileURL(join(folder, "trivy.mjs")).href)) as {
    readonly default: Readonly<Record<string, OwnBuiltin["implementation"]>>;
  };
  return makeOwnBuiltins(
    builtins.map(({ name, decl }) => ({
      name,
      decl,
      implementation: loaded.default[name] as OwnBuiltin["implementation"],
    })),
  );
}
