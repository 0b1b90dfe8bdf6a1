// Makes the installable package: dist/regomesh-VERSION.tgz (below --out, where that is given), the command line with everything that
// it starts, bundled; no dependency, no install script, for Node 22.21 and newer.
//
// What is not code keeps its place in the tree (the page, the policy runtime, the demo's policies).
// Code is in lib/, all chunks side by side: a module that looks for a file from where it stands
// (`import.meta.dirname`) looks from where its source stood.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { rolldown } from "rolldown";
import { PROGRAM, sourcesOf } from "../cli/bin/program.mjs";
import { buildDashboard } from "./build-dashboard.mjs";
import { bundleProgram, THREAD } from "./build-program.mjs";
import { buildRuntime } from "./build-runtime.mjs";

const root = resolve(import.meta.dirname, "..");
const { values: flags } = parseArgs({ options: { out: { type: "string", default: join(root, "dist") } } });
const out = resolve(flags.out);
const stage = join(out, "stage");
const { version, license, description } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Programs beside the command line: its own launcher asks for the second. */
const ENTRIES = { main: "cli/src/main.ts", stack: "policy-compiler/src/shell/stack.ts" };
const COPIED = [
  "cli/bin/regomesh",
  "cli/bin/regomesh.mjs",
  "cli/bin/program.mjs",
  "cli/bin/builds.mjs",
  "cli/bin/kubectl-regomesh",
  "dashboard/dist",
  "policy-compiler/runtime/build/runtime.wasm",
  "policies",
  "examples/authz",
  "examples/mesh",
  "README.md",
  "LICENSE",
  "NOTICE",
  "CHANGELOG.md",
];

buildRuntime();
buildDashboard();
rmSync(stage, { recursive: true, force: true });
const bundled = await bundle();
await bundleServices();
for (const path of COPIED) cpSync(join(root, path), join(stage, path), { recursive: true });
await writeProgram();
for (const name of ["regomesh", "regomesh.mjs", "kubectl-regomesh"]) chmodSync(join(stage, "cli/bin", name), 0o755);
writeFileSync(join(stage, "THIRD-PARTY-NOTICES"), notices(bundled));
writeFileSync(join(stage, "package.json"), `${JSON.stringify(manifest(), undefined, 2)}\n`);
const [packed] = JSON.parse(
  execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", out], {
    cwd: stage,
    encoding: "utf8",
  }),
);
console.log(
  `package: ${join(out, packed.filename)}, ${Math.round(packed.size / 1024)} KiB, ${packed.files.length} files`,
);

/** Everything that runs but the services of the demo. Gives the ids of all modules in it. */
async function bundle() {
  const inputs = Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, join(root, path)]));
  const build = await rolldown({
    input: { ...inputs, ...threadEntries() },
    platform: "node",
    plugins: [{ name: "places", transform: keepPlaces }],
    transform: { target: "node22" },
    logLevel: "warn",
  });
  const { output } = await build.write({
    dir: join(stage, "lib"),
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    // Errors name functions and lines that a reader can find again in the source.
    minify: false,
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  return output.flatMap((chunk) => chunk.moduleIds ?? []);
}

/** The commands that compile, once more: as one script, of modules that are in lib/ too. */
async function writeProgram() {
  const { text } = await bundleProgram(PROGRAM, (path) => `lib/${threadName(join(root, path))}.js`);
  mkdirSync(dirname(join(stage, PROGRAM)), { recursive: true });
  writeFileSync(join(stage, PROGRAM), text);
  writeFileSync(join(stage, sourcesOf(PROGRAM)), "[]");
}

/** Plain Node programs, started by path. */
async function bundleServices() {
  const folder = join(root, "examples/services");
  const names = readdirSync(folder).map((name) => name.replace(/\.ts$/, ""));
  const build = await rolldown({
    input: Object.fromEntries(names.map((name) => [name, join(folder, `${name}.ts`)])),
    platform: "node",
    transform: { target: "node22" },
  });
  await build.write({ dir: join(stage, "examples/services"), format: "esm", entryFileNames: "[name].js" });
}

/** Found in every source, so that a new one is not forgotten. */
function threadEntries() {
  const packages = ["base", "policy-runtime", "policy-compiler", "controller", "proxy", "cli"];
  const files = packages.flatMap((name) =>
    readdirSync(join(root, name, "src"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const found = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(THREAD)].map(([, path]) => join(dirname(file), `${path}.ts`)),
  );
  return Object.fromEntries(found.map((file) => [threadName(file), file]));
}

/** The name of a program in lib/: its path, flat. */
function threadName(file) {
  return relative(root, file).replace(/\.ts$/, "").replaceAll("/", "-");
}

function keepPlaces(code, id) {
  if (!id.startsWith(root) || id.includes("node_modules") || !code.includes("import.meta")) return undefined;
  const folder = dirname(id);
  return code
    .replace(THREAD, (_, path) => `new URL("./${threadName(join(folder, `${path}.ts`))}.js", import.meta.url)`)
    .replaceAll("import.meta.dirname", `\`\${import.meta.dirname}/../${relative(root, folder)}\``);
}

function manifest() {
  return {
    name: "regomesh",
    version,
    description,
    license,
    type: "module",
    engines: { node: ">=22.21" },
    bin: { regomesh: "cli/bin/regomesh", "kubectl-regomesh": "cli/bin/kubectl-regomesh" },
    files: ["lib", "cli/build", "THIRD-PARTY-NOTICES", "examples/services", ...COPIED],
  };
}

/** Name, version and licence text of every package that has a module in the bundle. */
function notices(moduleIds) {
  const packages = new Map();
  for (const id of moduleIds) {
    const [, path] =
      /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll("\\", "/").replace(/^\0/, "")) ?? [];
    if (path !== undefined) packages.set(path, JSON.parse(readFileSync(join(path, "package.json"), "utf8")));
  }
  const texts = [...packages]
    .sort(([, a], [, b]) => (a.name < b.name ? -1 : 1))
    .map(([path, { name, version, license }]) => {
      const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? `Licence: ${license}` : readFileSync(join(path, file), "utf8").trim();
      return `${name} ${version}\n${"-".repeat(`${name} ${version}`.length)}\n${text}\n`;
    });
  return `What is bundled in this package, with its licences.\n\n${texts.join("\n\n")}`;
}
