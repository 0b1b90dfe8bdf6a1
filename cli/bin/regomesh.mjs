#!/usr/bin/env node
// The entry of every command. Runs on any Node from 20 on just far enough to start
// the project's own Node (which runs TypeScript unbuilt), or to say what is missing.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { join, resolve } from "node:path";

const command = process.argv[2];
// A sidecar turns no text into code: eval and new Function throw, in its worker threads too.
// WebAssembly still compiles. A controller has no use for SIGUSR1, at which Node would open an
// inspector's port. Node takes these flags at a process's start only. Of a sidecar's young objects
// hardly any live on: helpers that look for them on other threads cost more than they save, a sixth
// of all CPU time where a sidecar is pressed for it (measured on the chain of conformance/bench).
// They have 8 MiB for each half: of the 16 that Node gives, the start fills all, and an idle sidecar
// keeps them, a third of its memory; fewer than 8 cost CPU between sidecars, which 8 do not.
// What deals with a request is many small functions: the compiler may put twice as much of them into
// each other as it does by itself, a twentieth of the CPU of a hop and more between sidecars.
// What takes in a snapshot runs once a revision: thrown away in between, its code was compiled anew each time, a
// third of the CPU until the revision was in force. Memory is the same. What a revision leaves is collected after half a
// minute and not after eight seconds, where one follows the other in the midst of the next: 50 ms of CPU each time.
const NODE_FLAGS =
  ofCommand({
    proxy: [
      "--disallow-code-generation-from-strings",
      "--no-parallel-scavenge",
      "--max-semi-space-size=8",
      "--max-inlined-bytecode-size-cumulative=2000",
      "--no-flush-bytecode",
      "--memory-reducer-delay-ms=30000",
      // What the start leaves is collected once it is ready (proxy/src/shell/plane/give-back.ts).
      "--expose-gc",
      // Node says so of node:ffi, by which a captured connection's destination is read.
      "--disable-warning=ExperimentalWarning",
    ],
    controller: [
      "--disable-sigusr1",
      // Its lock is SQLite's, of which Node 22 says on standard error that it is an experiment.
      "--disable-warning=ExperimentalWarning",
      // What a storm of proxies leaves is collected when it is over (controller/src/shell/give-back.ts).
      "--expose-gc",
      "--max-semi-space-size=8",
      // While proxies are sent a revision this process has one core at most for itself: helpers that look for
      // young objects on other threads are waited for longer (14 ms a time) than the work takes (4).
      "--no-parallel-scavenge",
      // A push leaves more garbage than V8 lets so small a heap grow by: without this each is collected in the
      // midst of it, 0.2 s of both cores between the build's end and the first proxy.
      "--heap-growing-percent=150",
    ],
  }) ?? [];
// glibc gives each thread a heap of its own, which keeps what the compiler's threads have used: as many
// as there are threads that serve, 2 MB less of an idle sidecar's 28. It reads this at its start only.
// A connection of TLS has a buffer of 64 KiB to read by, of which an idle one has touched two pages: mapped by itself it
// costs those, where in the heap it takes the place of what handshakes have used (22 KiB less of each idle connection).
// The heap grows by a page at a time, or what it grows by is room for such a buffer. Maps are half of what Linux lets a
// process have (vm.max_map_count): the engine needs some, too, and ends where it gets none.
// A controller has a buffer of 64 KiB for each proxy to read TLS by, hardly any of which is touched: mapped
// by themselves they cost what is, and what is given back leaves no hole (30 MB less with 300 proxies).
const NODE_ENV =
  ofCommand({
    proxy: {
      MALLOC_ARENA_MAX: String(threadsAsked()),
      MALLOC_MMAP_THRESHOLD_: "32768",
      MALLOC_TOP_PAD_: "4096",
      MALLOC_MMAP_MAX_: "32768",
    },
    controller: { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "32768", MALLOC_TRIM_THRESHOLD_: "131072" },
  }) ?? {};
// A sidecar does have one (and that flag would keep it from ever seeing the signal): whoever
// listens to it takes it from the inspector, so somebody does from here on.
process.on("SIGUSR1", () => {});
const COMPILES = new Set(["analyze", "build", "check", "eval", "test"]);
const root = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
// The installable package has its code built; a checkout runs it as it is written.
const isPackage = existsSync(join(root, "lib/main.js"));
const NODE_LEAST = isPackage ? "22.21.0" : "24.0.0";
const modules = isPackage
  ? { main: "../../lib/main.js", stack: "../../lib/stack.js" }
  : { main: "../src/main.ts", stack: "@regomesh/policy-compiler/stack" };

if (!isPackage && !existsSync(join(root, "node_modules/@regomesh/base"))) {
  fail("regomesh is not installed here: run npm ci first");
} else if (process.versions.node.localeCompare(NODE_LEAST, "en", { numeric: true }) >= 0) {
  const start = await otherStart();
  if (start !== undefined) startAgain(start);
  else await run();
} else {
  const bundled = join(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (existsSync(bundled)) startBundled(bundled);
  else {
    const wayOut = isPackage ? "" : "; the Node it brings is missing: run npm ci with optional dependencies";
    fail(`regomesh needs Node ${NODE_LEAST} or newer and found ${process.versions.node}${wayOut}`);
  }
}

/** Words may be names that all objects have: `constructor` is no command of ours. */
function ofCommand(rows) {
  return Object.hasOwn(rows, command ?? "") ? rows[command] : undefined;
}

/** What --workers says. */
function threadsAsked() {
  const at = process.argv.findIndex((word) => /^--workers(=|$)/.test(word));
  const word = process.argv[at] ?? "";
  return Number(word.includes("=") ? word.slice(word.indexOf("=") + 1) : process.argv[at + 1]) || 1;
}

async function run() {
  const { BUNDLED, findProgram, openProgram } = await import("./program.mjs");
  const kept = await keepCode();
  const program = BUNDLED.has(command) ? findProgram(root) : undefined;
  const { main } = program === undefined ? await import(modules.main) : openProgram(root, program, kept, command);
  await main(process.argv.slice(2));
}

/** Stripped and compiled code is kept: a third of the time to start, and 30 MB less of memory. Gives where. */
async function keepCode() {
  const { KEPT } = await import("./program.mjs");
  const kept = process.env.NODE_COMPILE_CACHE || join(root, KEPT);
  nodeModule.enableCompileCache(kept);
  return kept;
}

/** How this process has to be started for its command, or undefined where it has been. */
async function otherStart() {
  const rest = [...process.execArgv, ...process.argv.slice(1)];
  if (COMPILES.has(command)) {
    if (process.execArgv.some((flag) => flag.startsWith("--stack-size="))) return undefined;
    await keepCode();
    const { withDeepStack } = await import(modules.stack);
    nodeModule.flushCompileCache(); // a process that becomes another has no end at which it would be written
    const start = withDeepStack(process.execPath, rest);
    return start.args.length === rest.length ? undefined : start;
  }
  const missing = NODE_FLAGS.filter((flag) => !process.execArgv.includes(flag));
  return missing.length === 0 ? undefined : { file: process.execPath, args: [...missing, ...rest] };
}

/** The same process, started so: its id and its streams stay. Where the system cannot, a child. */
function startAgain({ file, args }) {
  if (process.execve !== undefined && process.platform !== "win32") {
    process.execve(file, [file, ...args], { ...NODE_ENV, ...process.env });
  } else startChild(file, args);
}

function startBundled(node) {
  startChild(node, [...NODE_FLAGS, ...process.argv.slice(1)]);
}

/** The channel tells the child when this process is gone, however it went. */
function startChild(node, args) {
  const child = spawn(node, args, {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...NODE_ENV, ...process.env, REGOMESH_LAUNCHER: "1" },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"])
    process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
}

function fail(message) {
  console.error(`regomesh: ${message}`);
  process.exit(1);
}
