// Compiles the AssemblyScript runtime that is linked into every policy module:
// policy-compiler/runtime/assembly → policy-compiler/runtime/build/runtime.wasm.
// Does nothing where the result is newer than every source.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(import.meta.dirname, "..");
const source = join(root, "policy-compiler/runtime/assembly");
const build = join(root, "policy-compiler/runtime/build");

/** Builds if needed; `force` builds always. Returns what was done. */
export function buildRuntime({ force = false } = {}) {
  const target = join(build, "runtime.wasm");
  if (!force && existsSync(target) && statSync(target).mtimeMs > newest(source)) return "up to date";
  mkdirSync(build, { recursive: true });
  const made = join(build, `runtime.${process.pid}.wasm`);
  execFileSync(
    process.execPath,
    [
      join(root, "node_modules/assemblyscript/bin/asc.js"),
      join(source, "index.ts"),
      ...["--outFile", made],
      ...["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--exportTable"],
      ...["--memoryBase", "1024", "--use", "abort="],
      ...["--enable", "simd", "--enable", "bulk-memory"],
    ],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
  );
  renameSync(made, target);
  return "built";
}

function newest(folder) {
  let latest = statSync(import.meta.filename).mtimeMs;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(`runtime: ${buildRuntime({ force: process.argv.includes("--force") })}`);
}
