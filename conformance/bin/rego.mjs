#!/usr/bin/env node
// Runs the Rego suites; see ../src/rego/main.ts. Starts the project's own Node where this one cannot run TypeScript.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const MAJOR_LEAST = 24;
const root = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const bundled = join(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`);

if (!existsSync(join(root, "node_modules/@regomesh/base"))) {
  fail("regomesh is not installed here: run npm ci first");
} else if (Number(process.versions.node.split(".")[0]) >= MAJOR_LEAST) {
  const { main } = await import("../src/rego/main.ts");
  process.exitCode = await main(process.argv.slice(2));
} else if (existsSync(bundled)) {
  const child = spawn(bundled, process.argv.slice(1), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
} else {
  fail(
    `the suites need Node ${MAJOR_LEAST} or newer and found ${process.versions.node}: run npm ci with optional dependencies`,
  );
}

function fail(message) {
  console.error(`conformance: ${message}`);
  process.exit(1);
}
