/** The commands that compile as one script: kept compiled, checked, and the same as their sources. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const LOADER = join(ROOT, "cli/bin/program.mjs");

/** When the source was written that the script is made of. */
const MADE_S = 1_000_000_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regomesh-program-"));
  mkdirSync(join(folder, "cli/build"), { recursive: true });
  mkdirSync(join(folder, "src"));
  writeFileSync(join(folder, "src/a.ts"), "");
  utimesSync(join(folder, "src/a.ts"), MADE_S, MADE_S);
  const { size, mtimeMs } = statSync(join(folder, "src/a.ts"));
  writeFileSync(join(folder, "cli/build/program.json"), JSON.stringify([["src/a.ts", size, mtimeMs]]));
  write("(function (exports, require, module, place) { exports.add = (a, b) => { return a + b; }; })");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (text: string): void => writeFileSync(join(folder, "cli/build/program.cjs"), text);

/** A process that opens the script of the folder as a command does. Gives what was kept before it. */
function open(command: string | undefined, exitCode = 0): { readonly found: boolean; readonly sum: number } {
  const text = `
    const { findProgram, openProgram } = await import(${JSON.stringify(LOADER)});
    const file = findProgram(${JSON.stringify(folder)});
    const sum = file && openProgram(${JSON.stringify(folder)}, file, ${JSON.stringify(join(folder, "kept"))}, ${JSON.stringify(command)}).add(3, 4);
    console.log(JSON.stringify({ found: file !== undefined, sum }));
    process.exitCode = ${exitCode};
  `;
  const said = spawnSync(process.execPath, ["--input-type=module", "-e", text], { encoding: "utf8" });
  expect(said.stderr).toBe("");
  return JSON.parse(said.stdout) as ReturnType<typeof open>;
}

const kept = (): readonly string[] => readdirSync(join(folder, "kept"));
const keptFile = (): string => join(folder, "kept", kept()[0] ?? "");
const keptBy = (): readonly string[] => JSON.parse(readFileSync(keptFile(), "latin1").split("\n")[0] ?? "").commands;

test("what the first run of each command has compiled is kept, once", () => {
  expect(open("check")).toEqual({ found: true, sum: 7 });
  expect(keptBy()).toEqual(["check"]);
  const { mtimeMs } = statSync(keptFile());
  open("check");
  expect(statSync(keptFile()).mtimeMs).toBe(mtimeMs);
  open("build");
  expect([kept().length, keptBy()]).toEqual([1, ["check", "build"]]);
});

test("who names no command runs what is kept, and keeps nothing", () => {
  expect(open(undefined)).toEqual({ found: true, sum: 7 });
  expect(() => kept()).toThrow(/ENOENT/);
  open("check");
  const { mtimeMs } = statSync(keptFile());
  expect(open(undefined)).toEqual({ found: true, sum: 7 });
  expect([statSync(keptFile()).mtimeMs, keptBy()]).toEqual([mtimeMs, ["check"]]);
});

test("a run that failed keeps nothing: it may have ended early", () => {
  open("check", 1);
  expect(() => kept()).toThrow(/ENOENT/);
});

test("kept code that is damaged is not run, and is written anew", () => {
  open("check");
  const bytes = readFileSync(keptFile());
  bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 0xff;
  writeFileSync(keptFile(), bytes);
  expect(open("build").sum).toBe(7);
  expect(keptBy()).toEqual(["build"]);
  writeFileSync(keptFile(), "");
  expect(open("check").sum).toBe(7);
  expect(keptBy()).toEqual(["check"]);
});

test("another script of the same length does not run the one before, whose code goes", () => {
  open("check");
  write("(function (exports, require, module, place) { exports.add = (a, b) => { return a - b; }; })");
  const later = new Date(Date.now() + 5000);
  utimesSync(join(folder, "cli/build/program.cjs"), later, later);
  expect(open("check").sum).toBe(-1);
  expect(kept().length).toBe(1);
});

test.each([
  ["is newer", (file: string) => utimesSync(file, MADE_S + 1, MADE_S + 1)],
  ["is older: another one has come in its place", (file: string) => utimesSync(file, MADE_S - 1, MADE_S - 1)],
  ["is larger, at the same time", (file: string) => rewrite(file)],
  ["is gone", (file: string) => rmSync(file)],
])("it is left alone where a source %s", (_, change) => {
  expect(open("check").found).toBe(true);
  change(join(folder, "src/a.ts"));
  expect(open("check").found).toBe(false);
});

function rewrite(file: string): void {
  writeFileSync(file, "export {};");
  utimesSync(file, MADE_S, MADE_S);
}

test("it is left alone where nobody knows what it was made of", () => {
  writeFileSync(join(folder, "cli/build/program.json"), "[");
  expect(open("check").found).toBe(false);
});

test("the commands' own script makes the module that their sources make", () => {
  execFileSync(process.execPath, [join(ROOT, "scripts/build-program.mjs")]);
  const args = ["build", "-e", "mesh/authz/allow", "--out", folder, join(ROOT, "examples/authz")];
  const written = (program: string, given: readonly string[]): Buffer => {
    const env = { PATH: process.env["PATH"], NODE_COMPILE_CACHE: join(folder, "kept") };
    const { status, stderr } = spawnSync(program, given, { env, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    return readFileSync(join(folder, "policy.wasm"));
  };
  const main = `const { main } = await import(${JSON.stringify(join(ROOT, "cli/src/main.ts"))}); await main(process.argv.slice(1))`;
  const fromSources = written(process.execPath, ["--input-type=module", "-e", main, "--", ...args]);
  for (const _ of ["compiled", "kept"]) {
    expect(written(join(ROOT, "cli/bin/regomesh"), args).equals(fromSources)).toBe(true);
    expect(kept().some((name) => name.startsWith("program-"))).toBe(true);
  }
}, 60_000);

test("a build process builds from its script, where nothing may be written, what it builds from its sources", async () => {
  execFileSync(process.execPath, [join(ROOT, "scripts/build-program.mjs")]);
  const main = join(ROOT, "controller/src/shell/build/main.ts");
  const sandbox = ["--permission", `--allow-fs-read=${ROOT}`, "--no-warnings"];
  const hashes = await builtBy([...sandbox, main]);
  expect(hashes.length).toBeGreaterThan(0);
  // What it would run without the script is not there.
  expect(await builtBy([...sandbox, join(ROOT, "cli/bin/builds.mjs"), "/nowhere/main.ts"])).toEqual(hashes);
}, 60_000);

type Reply = { readonly kind: string; readonly modules?: readonly { readonly hash: string }[] };

/** Hashes of the modules that a process with these arguments makes of the demo's mesh. */
function builtBy(args: readonly string[]): Promise<readonly string[]> {
  const files = ["policies", "examples/authz", "examples/mesh"].flatMap(filesIn);
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: {},
    serialization: "advanced",
  });
  return new Promise((done, fail) => {
    child.once("exit", (code) => fail(new Error(`the build process ended with ${code}`)));
    child.on("message", (reply: Reply) => {
      if (reply.kind === "ready") {
        const trees = [{ path: "", files }];
        child.send({ kind: "build", id: 1, turn: 0, trees, rules: { rights: [] }, held: [], since: undefined });
        return;
      }
      child.kill("SIGKILL");
      done((reply.modules ?? []).map(({ hash }) => hash));
    });
  });
}

function filesIn(directory: string): readonly { readonly name: string; readonly text: string }[] {
  return readdirSync(join(ROOT, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ name: relative(ROOT, path), text: readFileSync(path, "utf8") }));
}
