// Holds the layering of docs/architecture.md: which package may import which, and
// that pure folders stay pure (no Node module, no clock, no randomness, no process).
// A folder named `shell` and all below it may touch the world; so may entry files. No imports go in a circle,
// in the runtime neither.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { findCycles } from "./import-cycles.mjs";

const root = resolve(import.meta.dirname, "..");

const LAYERS = {
  base: [],
  "policy-runtime": ["base"],
  "policy-compiler": ["base", "policy-runtime"],
  resources: ["base"],
  protocol: ["base"],
  proxy: ["base", "protocol", "policy-runtime"],
  controller: ["base", "protocol", "resources", "policy-compiler", "policy-runtime"],
  dashboard: ["base", "controller", "policy-runtime"],
  cli: ["base", "policy-runtime", "policy-compiler", "resources", "protocol", "proxy", "controller"],
  conformance: ["base", "policy-runtime", "policy-compiler", "resources", "protocol", "proxy", "controller", "cli"],
};

// Third-party packages that do no I/O of their own, so that pure folders may use them.
const PURE_PACKAGES = new Set(["yaml", "zod", "node-forge", "preact", "@bufbuild/protobuf", "graphql"]);
// Packages that are a shell as a whole: programs, test benches, the page.
const SHELL_PACKAGES = new Set(["cli", "conformance", "dashboard", "examples", "scripts", "protocol"]);
// What the process of a sidecar loads, from the command line's entry on: no schema library, no
// compiler, no controller. What it reads comes checked and signed.
const SIDECAR_ENTRIES = ["cli/src/main.ts", "cli/src/commands/proxy.ts", "proxy/src/shell/plane/worker-main.ts"];
const SIDECAR_PACKAGES = new Set([
  "@bufbuild/protobuf",
  "@grpc/grpc-js",
  "@regomesh/base",
  "@regomesh/policy-runtime",
  "@regomesh/protocol",
  "@regomesh/proxy",
  "node-forge",
  "re2js", // patterns of JSON schemas: RE2 in linear time, an automaton that is walked, no code made
  "yaml",
]);
const IMPURE = [
  [/\bDate\.now\(\)|\bnew Date\(\)/, "reads the clock (take nowMs as a parameter)"],
  [/\bMath\.random\b/, "draws randomness (take random as a parameter)"],
  [/\bprocess\.(?!$)/, "uses process"],
  [/\b(setTimeout|setInterval|setImmediate)\(/, "starts a timer"],
  [/\bperformance\.now\(/, "reads the clock"],
  [/\bconsole\./, "writes to the console"],
];

const listed = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.tsx", "*.mjs"],
  {
    cwd: root,
    encoding: "utf8",
  },
)
  .split("\n")
  .filter((file) => file !== "" && !file.includes("/generated/") && existsSync(join(root, file)));
const texts = new Map(listed.map((file) => [file, readFileSync(join(root, file), "utf8")]));
const files = listed.filter((file) => !file.startsWith("policy-compiler/runtime/"));

const problems = findCycles(texts).map((cycle) => `${cycle[0]}: imports go in a circle: ${cycle.join(" → ")}`);
for (const file of files) {
  const text = texts.get(file);
  const [pack] = file.split("/");
  if (!(pack in LAYERS)) continue;
  const isTest = /\.test\.tsx?$/.test(file) || /\/test\//.test(file);
  const isShell = SHELL_PACKAGES.has(pack) || isTest || /(^|\/)(shell|bin)\//.test(file) || /\/main\.ts$/.test(file);
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const place = `${file}:${index + 1}`;
    const name = importedBy(line);
    if (name !== undefined)
      checkImport({ place, pack, file, name, isShell, isTest, isType: /^\s*(import|export) type\b/.test(line) });
    if (!isShell && !/^\s*(\*|\/\/|\/\*)/.test(line)) {
      for (const [pattern, what] of IMPURE) {
        if (pattern.test(line.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`/g, '""')))
          problems.push(`${place}: a pure folder ${what}`);
      }
    }
  }
}

checkSidecar();

function importedBy(line) {
  const target = line.match(
    /^\s*(?:import|export)\b.*?from\s+"([^"]+)"|^\}\s+from\s+"([^"]+)"|^\s*import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"/,
  );
  return target?.[1] ?? target?.[2] ?? target?.[3] ?? target?.[4];
}

/** Walks every import of the sidecar; the command line's own are loaded on use, a command each, and stop at its table. */
function checkSidecar() {
  const seen = new Set();
  const queue = [...SIDECAR_ENTRIES];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    let isTypeBlock = false;
    for (const [index, line] of readFileSync(join(root, file), "utf8").split("\n").entries()) {
      if (/^(import|export) type \{[^}]*$/.test(line)) isTypeBlock = true;
      const name = importedBy(line);
      const isType = isTypeBlock || /^\s*(import|export) type\b/.test(line);
      if (/^\}/.test(line)) isTypeBlock = false;
      if (name === undefined || isType || name.startsWith("node:")) continue;
      if (name.startsWith(".")) {
        if (file !== "cli/src/commands.ts") queue.push(relativeTo(file, name));
        continue;
      }
      const bare = bareName(name);
      if (!SIDECAR_PACKAGES.has(bare)) problems.push(`${file}:${index + 1}: the sidecar loads ${name}`);
      else if (bare.startsWith("@regomesh/")) queue.push(exportOf(name));
    }
  }
}

/** The file behind a name of one of our packages. */
function exportOf(name) {
  const [, pack, ...rest] = name.split("/");
  const { exports } = JSON.parse(readFileSync(join(root, pack, "package.json"), "utf8"));
  return join(pack, exports[rest.length === 0 ? "." : `./${rest.join("/")}`]);
}

function bareName(name) {
  return name.startsWith("@") ? name.split("/").slice(0, 2).join("/") : name.split("/")[0];
}

function checkImport({ place, pack, file, name, isShell, isTest, isType }) {
  if (name.startsWith(".")) {
    const [other] = relativeTo(file, name).split("/");
    if (other !== pack) problems.push(`${place}: imports ${other} by path; go through @regomesh/${other}`);
    const intoShell = /\/shell\//.test(relativeTo(file, name));
    if (intoShell && !isShell && !isType && !/\/src\/index\.ts$|\/src\/node\.ts$/.test(file)) {
      problems.push(`${place}: a pure file imports from a shell folder`);
    }
    if (!/\.(ts|tsx|mjs|json|css)$/.test(name))
      problems.push(`${place}: relative imports name the file with its ending`);
    return;
  }
  if (name.startsWith("@regomesh/")) {
    const other = name.split("/")[1];
    if (other !== pack && !LAYERS[pack].includes(other) && !isTest) {
      problems.push(`${place}: ${pack} may not import ${other} (docs/architecture.md)`);
    }
    if (pack === "dashboard" && other === "controller" && !isType) {
      problems.push(`${place}: the page takes only types from the controller`);
    }
    return;
  }
  const bare = bareName(name);
  if (!isShell && !isType && !PURE_PACKAGES.has(bare)) problems.push(`${place}: a pure folder imports ${name}`);
}

function relativeTo(file, name) {
  return join(dirname(file), name);
}

if (problems.length > 0) {
  console.error(problems.join("\n"));
  console.error(`${problems.length} import or purity ${problems.length === 1 ? "fault" : "faults"}`);
  process.exit(1);
}
console.log(`${files.length} files, no fault`);
