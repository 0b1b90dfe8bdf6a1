// The commands that compile policies as one script (scripts/build-program.mjs), which V8 keeps compiled: a process that
// compiles a hundred rules spends most of its time on finding modules and on compiling functions otherwise. A controller's
// build process is another such script. What is kept is made by the first run of each command, behind its work, and holds
// what that has run; a build process may write nothing, and has it from the installation (scripts/keep-builds.mjs).
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import v8 from "node:v8";
import vm from "node:vm";
import { crc32 } from "node:zlib";

/** The commands that are in it. */
export const BUNDLED = new Set(["build", "check", "eval", "fmt", "test"]);

export const PROGRAM = "cli/build/program.cjs";
/** A controller's build process. */
export const BUILDS = "cli/build/builds.cjs";
/** Where code is kept, below the root. */
export const KEPT = "node_modules/.cache/regomesh";

/** What a script was made of, each as a path below the root with its size and time: an empty list in a package, whose files nobody changes. */
export function sourcesOf(program) {
  return program.replace(/cjs$/, "json");
}

/** The script's file, where there is one and its sources are those that it was made of: others may have an older time. */
export function findProgram(root, program = PROGRAM) {
  const file = join(root, program);
  try {
    const sources = JSON.parse(readFileSync(join(root, sourcesOf(program)), "utf8"));
    const isSame = sources.every((source) => String(markOf(root, source[0])) === String(source));
    return isSame && existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** A source as `sourcesOf` has it. */
export function markOf(root, path) {
  const { size, mtimeMs } = statSync(join(root, path));
  return [path, size, mtimeMs];
}

/**
 * Runs the script; gives what it exports. `folder` is where compiled code is kept, a file for each script and each set
 * of V8's flags; nothing is where it cannot be written. `command` says what this run has compiled; undefined: it keeps nothing.
 */
export function openProgram(root, file, folder, command) {
  const text = readFileSync(file);
  const names = namesOf(file, text);
  const kept = join(folder, `${names.engine}${v8.cachedDataVersionTag().toString(36)}.cache`);
  const { commands, code } = readKept(kept);
  const script = new vm.Script(text.latin1Slice(), {
    filename: file,
    cachedData: code,
  });
  const ran = code === undefined || script.cachedDataRejected ? [] : commands;
  if (command !== undefined && !ran.includes(command)) {
    process.on("exit", (exitCode) => {
      if (exitCode === 0) keep(kept, names, [...ran, command], script.createCachedData());
    });
  }
  const module = { exports: {} };
  const place = {
    path: (path) => join(root, path),
    url: (path) => pathToFileURL(join(root, path)),
    load: (specifier) => import(specifier),
    later: (load) => {
      let loaded;
      return () => {
        loaded ??= load();
        return loaded;
      };
    },
  };
  script.runInThisContext()(module.exports, createRequire(file), module, place);
  return module.exports;
}

/** How names of kept code begin: of a script, of this text of it (of which V8 compares the length only), and of this engine's. */
function namesOf(file, text) {
  const name = `${basename(file, ".cjs")}-`;
  const build = `${name}${crc32(text).toString(36)}-`;
  return { name, build, engine: `${build}${process.version}-${process.arch}-` };
}

/** Whether code of the script is kept, by whatever flags of this engine. */
export function isKept(file, folder) {
  try {
    const { engine } = namesOf(file, readFileSync(file));
    return readdirSync(folder).some((other) => other.startsWith(engine));
  } catch {
    return false;
  }
}

/** A line of JSON, and the code behind it. V8 takes code that is damaged for what it is not: it is checked here. */
function readKept(file) {
  try {
    const bytes = readFileSync(file);
    const end = bytes.indexOf(10);
    const { commands, crc } = JSON.parse(bytes.toString("utf8", 0, end));
    const code = bytes.subarray(end + 1);
    if (crc32(code) === crc) return { commands, code };
  } catch {
    // There is none, or none that is whole.
  }
  return { commands: [], code: undefined };
}

function keep(file, { name, build }, commands, code) {
  const folder = dirname(file);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      `${file}.${process.pid}`,
      Buffer.concat([Buffer.from(`${JSON.stringify({ commands, crc: crc32(code) })}\n`), code]),
    );
    renameSync(`${file}.${process.pid}`, file);
    for (const other of readdirSync(folder)) {
      if (other.startsWith(name) && !other.startsWith(build)) rmSync(join(folder, other), { force: true });
    }
  } catch {
    // Who may not write here compiles each time.
  }
}
