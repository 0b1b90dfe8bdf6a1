/**
 * `npm run fuzz:rego`: many mutated modules, and what came of them. They are read in a process of its own, whose heap
 * holds no more than a source may ever take, the compiler with it: one that takes more ends it, and is named.
 */
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { withDeepStack } from "@regomesh/policy-compiler/node";
import { countOf } from "../../command-line.ts";
import { DEEP, LEVELS } from "./deep.ts";
import { type FuzzOptions, fuzz, tryOne } from "./fuzz.ts";
import { readSeeds } from "./seeds.ts";

export const USAGE = `Parses, checks and formats modules that are deeply nested, and modules with bytes, words and lines changed: none may
end the compiler, hold it, or take 200 MB.

usage: npm run fuzz:rego -- [--count N] [--seed N] [--deep]
  --count N  how many (default 200000)
  --seed N   of the first (default 1)
  --deep     only the nested ones
exit codes: 0 no fault, 1 some, 64 wrong usage`;

/** Of 200 MiB: what is old, and three halves of what is young. */
const HEAP = ["--max-old-space-size=152", "--max-semi-space-size=16"];
const INSIDE = "--inside";

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: "string", default: "200000" },
      seed: { type: "string", default: "1" },
      deep: { type: "boolean", default: false },
      inside: { type: "boolean", default: false },
    },
  });
  const [count, seed] = [countOf(values.count, "count"), countOf(values.seed, "seed", 0)];
  if (!values.inside) return runInside(args);
  const deep = readDeep();
  if (values.deep) return deep > 0 ? 1 : 0;
  return readMutated({ count, seed, seeds: readSeeds() }) + deep > 0 ? 1 : 0;
}

/** The exit code of the same program in a process with that heap. */
async function runInside(args: readonly string[]): Promise<number> {
  const { file, args: start } = withDeepStack(process.execPath, [...HEAP, process.argv[1] as string, INSIDE, ...args]);
  const child = spawn(file, start, { stdio: "inherit" });
  const [code, signal] = await new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) => {
    child.on("exit", (code, signal) => resolve([code, signal]));
  });
  if (code === 0 || code === 1) return code;
  console.log(`the process ended by ${signal ?? code}: what was read last took more than 200 MiB, or the stack`);
  return 1;
}

/** How many of the nested ones are at fault. */
function readDeep(): number {
  let faults = 0;
  for (const [name, { version = "v1", make }] of Object.entries(DEEP)) {
    for (const levels of LEVELS) {
      const before = process.threadCpuUsage();
      // A text that is put together is one only once it is read.
      const text = Buffer.from(make(levels)).toString();
      process.stdout.write(`${name}, ${levels} levels: `);
      const outcome = tryOne({ name: "deep.rego", text, version });
      const { user, system } = process.threadCpuUsage(before);
      const said = outcome === true ? "parses" : outcome === false ? "is refused" : outcome;
      console.log(`${said}, ${Math.round((user + system) / 1000)} ms`);
      if (typeof outcome === "string") faults++;
    }
  }
  return faults;
}

/** How many of the mutated ones are at fault. */
function readMutated(options: FuzzOptions): number {
  const { parsed, slowestMs, heapBytesMost, faults } = fuzz({
    ...options,
    onProgress: (done) => {
      if (done % 10_000 === 0) console.log(`${done} sources`);
    },
  });
  for (const { why, text, version } of faults)
    console.log(`${version}: ${why}\n${JSON.stringify(text).slice(0, 2000)}\n`);
  const heap = Math.round(heapBytesMost / (1024 * 1024));
  console.log(
    `${parsed} of ${options.count} parse; slowest ${Math.round(slowestMs)} ms; heap ${heap} MiB; ${faults.length} faults`,
  );
  return faults.length;
}
