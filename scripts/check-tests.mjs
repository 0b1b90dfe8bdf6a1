// Holds what vitest.config.ts relies on: a test that starts processes of the project stands where
// one file runs at a time, and no test measures time (benchmarks do; a test that waits has a deadline).
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** Whoever imports one of these starts processes. */
const STARTERS = new Set([
  "cli/src/up/child.ts",
  "conformance/src/proxy-process.ts",
  "controller/src/shell/build/builder.ts",
]);
/** As in vitest.config.ts. */
const isProcessTest = (file) => file.startsWith("conformance/src/mesh/") || file.endsWith(".process.test.ts");

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && !file.includes("/generated/") && !file.startsWith("policy-compiler/runtime/"));
const texts = new Map();
for (const file of files) {
  try {
    texts.set(file, readFileSync(join(root, file), "utf8"));
  } catch {
    // removed in the work tree
  }
}
/** A package's main file stands for the whole of it: only the launcher of meshes is asked for by name. */
const LAUNCHER = /^import \{[^}]*\bopenMesh\b[^}]*\} from "@regomesh\/cli"/ms;

function importsOf(file) {
  const text = texts.get(file) ?? "";
  const names = [...text.matchAll(/^(?:import(?! type)[^;]*?|\} )from "(\.[^"]+)"/gms)].map(([, name]) => name);
  const own = names.map((name) => join(dirname(file), name));
  return LAUNCHER.test(text) ? [...own, "cli/src/up/child.ts"] : own;
}

const reaches = new Map();
function reachesStarter(file) {
  if (STARTERS.has(file)) return true;
  if (!reaches.has(file)) {
    reaches.set(file, false); // while it is being answered: a cycle adds nothing
    reaches.set(file, importsOf(file).some(reachesStarter));
  }
  return reaches.get(file);
}

const problems = [];
for (const [file, text] of texts) {
  if (!file.endsWith(".test.ts")) continue;
  if (!isProcessTest(file) && reachesStarter(file))
    problems.push(`${file}: starts processes; name it ${file.replace(".test.ts", ".process.test.ts")}`);
  const line = text.split("\n").findIndex((each) => /\bperformance\.now\(/.test(each));
  if (line >= 0) problems.push(`${file}:${line + 1}: a test measures time (benchmarks do; wait with a deadline)`);
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log(`${[...texts.keys()].filter((file) => file.endsWith(".test.ts")).length} test files, no fault`);
