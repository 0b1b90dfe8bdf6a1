// Bundles what commands that compile policies run, cli/src/program.ts → cli/build/program.cjs, and a controller's build process,
// controller/src/shell/build/serve.ts → cli/build/builds.cjs: each one script that V8 can keep compiled (cli/bin/program.mjs).
// A checkout works without them, on its sources, and so it does where one of them is another by now.
// Does nothing where the result is of these sources.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { BUILDS, BUNDLED, findProgram, markOf, PROGRAM, sourcesOf } from "../cli/bin/program.mjs";

const root = resolve(import.meta.dirname, "..");
/** How a module names another that is started as a thread or process of its own. */
export const THREAD = /new URL\(\s*"(\.\/[\w-]+)\.ts",\s*import\.meta\.url,?\s*\)/g;

/** What else the script's text hangs on: the lock says which versions of others' modules are in it. */
const MADE_BY = ["package-lock.json", "cli/bin/program.mjs", "scripts/build-program.mjs"];

/** With the line behind it, where the module's default is imported. */
const REQUIRED = /^let (node_\w+) = (require\("node:[\w/]+"\));(?:\n\1 = (__toESM\(\1, 1\));)?$/gm;

/** A script imports by itself only with a warning. */
const DYNAMIC = /(?<![\w$.])import\(/g;

/** Where each script begins. */
const ENTRIES = { [PROGRAM]: "cli/src/program.ts", [BUILDS]: "controller/src/shell/build/serve.ts" };

/** Builds if needed. Returns what was done. */
export async function buildProgram(program = PROGRAM) {
  if (findProgram(root, program) !== undefined) return "up to date";
  const { text, sources } = await bundleProgram(program);
  mkdirSync(dirname(join(root, program)), { recursive: true });
  write(sourcesOf(program), JSON.stringify(sources.map((path) => markOf(root, path))));
  write(program, text);
  return "built";
}

function write(path, text) {
  const file = join(root, path);
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

/**
 * The script's text, and the files of the tree that it is made of, by their paths there. `thread` gives the
 * path of a program that is started by itself, given its source's.
 */
export async function bundleProgram(program, thread = (path) => path) {
  const build = await rolldown({
    input: join(root, ENTRIES[program]),
    platform: "node",
    plugins: [
      { name: "places", transform: (code, id) => keepPlaces(code, id, thread) },
      { name: "commands", resolveId: leaveOut },
    ],
    // What a module of ours does as it is loaded, it does for what it exports.
    treeshake: { moduleSideEffects: (id) => id.includes("node_modules") },
    transform: { target: "node22" },
    logLevel: "warn",
  });
  const { output } = await build.generate({
    format: "cjs",
    codeSplitting: false,
    // Errors name functions that a reader can find again in the source.
    minify: false,
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  const [{ code, moduleIds }] = output;
  const own = moduleIds.filter((id) => id.startsWith(root) && !id.includes("node_modules"));
  return {
    text: escapeText(
      `(function (exports, require, module, place) {${requireLater(code).replace(DYNAMIC, "place.load(")}\n})`,
    ),
    sources: [...own.map((id) => relative(root, id)), ...MADE_BY].sort(),
  };
}

/** Node's own modules are loaded by what uses them first: most of them are of built-ins that few policies call. */
function requireLater(code) {
  const names = [...code.matchAll(REQUIRED)].map(([, name]) => name);
  const asked = names.reduce((text, name) => text.replace(new RegExp(`(\\bnew )?\\b${name}\\.`, "g"), ask(name)), code);
  return asked.replace(REQUIRED, (_, name, required, whole = required) => {
    return `let ${name} = place.later(() => ${whole.replace(name, required)});`;
  });
}

/** `new x.Y` would call x. */
function ask(name) {
  return (_, made) => (made === undefined ? `${name}().` : `new (${name}()).`);
}

/** With letters of one byte alone V8 holds, hashes and compares half as much. */
function escapeText(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** `place` is given to the script: where a module's source stands, it looks from. */
function keepPlaces(code, id, thread) {
  if (!id.startsWith(root) || id.includes("node_modules") || !code.includes("import.meta")) return undefined;
  const folder = dirname(id);
  return code
    .replace(THREAD, (_, path) => `place.url(${JSON.stringify(thread(relative(root, join(folder, `${path}.ts`))))})`)
    .replaceAll("import.meta.dirname", `place.path(${JSON.stringify(relative(root, folder))})`)
    .replaceAll("import.meta.filename", `place.path(${JSON.stringify(relative(root, id))})`);
}

/** Other commands are run from their sources, and none of these speaks to a cluster. */
function leaveOut(source, importer) {
  if (source === "@kubernetes/client-node") return { id: source, external: true };
  if (importer !== join(root, "cli/src/commands.ts") || !source.startsWith("./commands/")) return undefined;
  return BUNDLED.has(source.slice("./commands/".length, -".ts".length)) ? undefined : { id: source, external: true };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(`program: ${await buildProgram()}`);
  console.log(`build process: ${await buildProgram(BUILDS)}`);
}
