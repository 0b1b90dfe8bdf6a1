// Starts a conformance program under a Node that runs TypeScript: this one, or the one
// that the project brings (cli/bin/regomesh.mjs does the same for the command line).
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";

const MAJOR_LEAST = 24;

/** Runs the program that a module of conformance/src is (src/command-line.ts). */
export async function launch(module) {
  const root = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
  if (Number(process.versions.node.split(".")[0]) >= MAJOR_LEAST) {
    const { run } = await import(join(root, "conformance/src/command-line.ts"));
    const program = await import(join(root, "conformance/src", module));
    const name = process.env["npm_lifecycle_event"] ?? basename(process.argv[1] ?? "", ".mjs");
    process.exitCode = await run(program, process.argv.slice(2), name);
    return;
  }
  if (!existsSync(join(root, "node_modules"))) {
    console.error("conformance: regomesh is not installed here: run npm ci first");
    process.exit(1);
  }
  const bundled = join(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (!existsSync(bundled)) {
    console.error(`conformance: needs Node ${MAJOR_LEAST} or newer, and the one that npm ci brings is missing`);
    process.exit(1);
  }
  const child = spawn(bundled, process.argv.slice(1), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code) => process.exit(code ?? 1));
}
