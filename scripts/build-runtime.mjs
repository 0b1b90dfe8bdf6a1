// Compiles the AssemblyScript runtime that is linked into every policy module:
// policy-compiler/runtime/assembly → policy-compiler/runtime/build/runtime.wasm.
// Does nothing where the result is newer than every source. A custom section says what each
// export reaches (runtime-reach.mjs); memory is taken to be zeroed, as every host's new memory is.

import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { packStatics, u32 } from "./pack-statics.mjs";
import { FAR_BASE, runtimeReach } from "./runtime-reach.mjs";
import { sitesOf } from "./wasm-sites.mjs";

const root = resolve(import.meta.dirname, "..");
const source = join(root, "policy-compiler/runtime/assembly");
const build = join(root, "policy-compiler/runtime/build");

/** Where the runtime's statics begin. */
const BASE = 1024;
/** link/reach.ts reads it. */
const REACH_SECTION = "regomesh.reach";

/** Builds if needed; `force` builds always. Returns what was done. */
export function buildRuntime({ force = false } = {}) {
  const target = join(build, "runtime.wasm");
  if (!force && existsSync(target) && statSync(target).mtimeMs > newest(source)) return "up to date";
  mkdirSync(build, { recursive: true });
  const made = mkdtempSync(join(build, "making-"));
  try {
    const [wasm, text, plain] = ["runtime.wasm", "runtime.wat", "plain.wat"].map((name) => join(made, name));
    compile(["-O3s", "--memoryBase", `${BASE}`, "--outFile", wasm, "--textFile", text]);
    compile(["-O0", "--debug", "--memoryBase", `${FAR_BASE}`, "--textFile", plain]);
    const { reach, statics } = runtimeReach(readFileSync(text, "utf8"), readFileSync(plain, "utf8"), BASE);
    const code = packStatics(readFileSync(wasm), statics);
    const known = { ...reach, sites: sitesOf(code) };
    writeFileSync(wasm, Buffer.concat([code, customSection(REACH_SECTION, JSON.stringify(known))]));
    renameSync(wasm, target);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return "built";
}

function compile(options) {
  execFileSync(
    process.execPath,
    [
      join(root, "node_modules/assemblyscript/bin/asc.js"),
      join(source, "index.ts"),
      ...[
        "--noAssert",
        "--runtime",
        "stub",
        "--importMemory",
        "--zeroFilledMemory",
        "--exportTable",
        "--use",
        "abort=",
      ],
      ...["--enable", "simd", "--enable", "bulk-memory"],
      ...options,
    ],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
  );
}

function customSection(name, text) {
  const content = Buffer.concat([u32(Buffer.byteLength(name)), Buffer.from(name), Buffer.from(text)]);
  return Buffer.concat([Buffer.from([0]), u32(content.length), content]);
}

function newest(folder) {
  const scripts = [
    import.meta.filename,
    ...["pack-statics.mjs", "runtime-reach.mjs", "wasm-sites.mjs"].map((name) => join(import.meta.dirname, name)),
  ];
  let latest = Math.max(...scripts.map((file) => statSync(file).mtimeMs));
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(`runtime: ${buildRuntime({ force: process.argv.includes("--force") })}`);
}
