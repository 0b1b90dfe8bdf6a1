// Starts a conformance program under a Node that runs TypeScript: this one, or the one
// that the project brings (cli/bin/regomesh.mjs does the same for the command line).
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const MAJOR_LEAST = 24;

/** Runs `main(arguments)` of a module of conformance/src. */
export async function launch(module) {
  const root = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
  if (Number(process.versions.node.split(".")[0]) >= MAJOR_LEAST) {
    const { main } = await import(join(root, "conformance/src", module));
    process.exitCode = await main(process.argv.slice(2));
    return;
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
