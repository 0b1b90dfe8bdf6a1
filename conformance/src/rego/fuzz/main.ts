/** `npm run fuzz:rego`: many mutated modules, and what came of them. */
import { parseArgs } from "node:util";
import { countOf } from "../../command-line.ts";
import { fuzz } from "./fuzz.ts";
import { readSeeds } from "./seeds.ts";

export const USAGE = `Parses, checks and compiles modules with bytes, words and lines changed: none may end the compiler, or hold it.

usage: npm run fuzz:rego -- [--count N] [--seed N]
  --count N  how many (default 200000)
  --seed N   of the first (default 1)
exit codes: 0 no fault, 1 some, 64 wrong usage`;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { count: { type: "string", default: "200000" }, seed: { type: "string", default: "1" } },
  });
  const { parsed, slowestMs, heapBytesMost, faults } = fuzz({
    count: countOf(values.count, "count"),
    seed: countOf(values.seed, "seed", 0),
    seeds: readSeeds(),
    onProgress: (done) => {
      if (done % 10_000 === 0) console.log(`${done} sources`);
    },
  });
  for (const { why, text, version } of faults)
    console.log(`${version}: ${why}\n${JSON.stringify(text).slice(0, 2000)}\n`);
  const heap = Math.round(heapBytesMost / (1024 * 1024));
  console.log(
    `${parsed} of ${values.count} parse; slowest ${Math.round(slowestMs)} ms; heap ${heap} MiB; ${faults.length} faults`,
  );
  return faults.length > 0 ? 1 : 0;
}
