/** `npm run conformance:http2`: h2spec, a peer's own suite, against the codec on a socket. */
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { makeRandom } from "@regomesh/base";
import { serveEcho } from "./endpoint.ts";
import { runMutants } from "./mutants.ts";

const HELP = `Runs h2spec (github.com/summerwind/h2spec) against the HTTP/2 codec as a server.

usage: npm run conformance:http2 -- [--h2spec PATH]
       npm run conformance:http2 -- --mutants N [--seed N]
  --h2spec PATH  the program (default h2spec, as the PATH has it)
  --mutants N    in place of it, so many sequences of frames with bytes and frames of theirs changed
  --seed N       of those (default 1)
exit codes: 0 all pass but what RFC 9113 no longer asks for, 1 some fail, 64 wrong usage or no h2spec`;

/** Asked for by RFC 7540 and no more by RFC 9113, section 5.3: priorities are read and ignored. */
const NO_LONGER = new Set(["Sends HEADERS frame that depend on itself", "Sends PRIORITY frame that depend on itself"]);
const TIMEOUT_MS = 300_000;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      h2spec: { type: "string", default: "h2spec" },
      mutants: { type: "string" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.mutants !== undefined) return printMutants(Number(values.mutants), Number(values.seed));
  const server = await serveEcho();
  try {
    const output = await run(values.h2spec, ["-h", "127.0.0.1", "-p", String(server.port)]);
    if (output === undefined) {
      console.error(`conformance:http2: there is no ${values.h2spec}; name it with --h2spec`);
      return 64;
    }
    const failed = [...new Set([...output.matchAll(/× \d+: (.+)$/gm)].map(([, name = ""]) => name))];
    const wrong = failed.filter((name) => !NO_LONGER.has(name));
    const passed = Number(/(\d+) passed/.exec(output)?.[1] ?? 0);
    for (const name of failed) console.log(`${NO_LONGER.has(name) ? "not asked for by RFC 9113" : "failed"}: ${name}`);
    console.log(`${passed} passed, ${wrong.length} failed`);
    return wrong.length === 0 && passed > 0 ? 0 : 1;
  } finally {
    server.close();
  }
}

/** Heap that is left behind, beside what the engine keeps of its own. */
const LEFT_MIB_MAX = 16;

function printMutants(runs: number, seed: number): number {
  const random = makeRandom(seed);
  try {
    runMutants(Math.min(2000, runs), random);
    const before = heapMib();
    const { faults, resets, heads } = runMutants(runs, random);
    const leftMib = heapMib() - before;
    console.log(`${faults} ended in GOAWAY, ${resets} in a reset; ${heads} heads; heap ${leftMib.toFixed(1)} MiB more`);
    const isFlat = leftMib <= LEFT_MIB_MAX;
    console.log(`${isFlat ? runs : runs - 1} passed, ${isFlat ? 0 : 1} failed`);
    return isFlat ? 0 : 1;
  } catch (error) {
    console.log(`failed: ${(error as Error).message}`);
    console.log("0 passed, 1 failed");
    return 1;
  }
}

function heapMib(): number {
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** What it writes; undefined where there is no such program. */
function run(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], timeout: TIMEOUT_MS });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on("error", () => resolve(undefined));
    child.on("close", () => resolve(output));
  });
}
