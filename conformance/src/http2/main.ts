/** `npm run conformance:http2`: h2spec, a peer's own suite, against the codec on a socket. */
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { makeRandom } from "@regomesh/base";
import { countOf } from "../command-line.ts";
import { askOurs, askTheirs, makeAsked, openPeers } from "./differential.ts";
import { serveEcho } from "./endpoint.ts";
import { runMutants } from "./mutants.ts";
import { serveSidecar } from "./sidecar.ts";

export const USAGE = `Runs h2spec (github.com/summerwind/h2spec) against the HTTP/2 codec as a server, and against a listener of a sidecar.

usage: npm run conformance:http2 -- [--h2spec PATH]
       npm run conformance:http2 -- --mutants N [--seed N]
       npm run conformance:http2 -- --differential N [--seed N]
  --h2spec PATH  the program (default h2spec, as the PATH has it)
  --mutants N    in place of it, so many sequences of frames with bytes and frames of theirs changed
  --differential N  so many requests between the codec and Node's nghttp2, in both roles
  --seed N       of those (default 1)
exit codes: 0 all pass but what RFC 9113 no longer asks for, 1 some fail, 64 wrong usage or no h2spec`;

/** Asked for by RFC 7540 and no more by RFC 9113, section 5.3: priorities are read and ignored. */
const NO_LONGER = new Set(["Sends HEADERS frame that depend on itself", "Sends PRIORITY frame that depend on itself"]);
/** What is no preface is a request of HTTP/1.1 there, and answered as one. */
const OF_LISTENERS = ["Sends invalid connection preface"];
const TIMEOUT_MS = 300_000;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      h2spec: { type: "string", default: "h2spec" },
      mutants: { type: "string" },
      differential: { type: "string" },
      seed: { type: "string", default: "1" },
    },
  });
  if (values.differential !== undefined)
    return await printDifferential(countOf(values.differential, "differential"), countOf(values.seed, "seed"));
  if (values.mutants !== undefined)
    return printMutants(countOf(values.mutants, "mutants"), countOf(values.seed, "seed"));
  let [passed, failed] = [0, 0];
  for (const [name, serve, exempt] of [
    ["the codec", serveEcho, NO_LONGER],
    ["a sidecar's listener", serveSidecar, new Set([...NO_LONGER, ...OF_LISTENERS])],
  ] as const) {
    const counts = await runSpec(values.h2spec, name, serve, exempt);
    if (counts === undefined) return 64;
    passed += counts.passed;
    failed += counts.failed;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

type Serve = () => Promise<{ readonly port: number; close(): unknown }>;

async function runSpec(
  h2spec: string,
  target: string,
  serve: Serve,
  exempt: ReadonlySet<string>,
): Promise<{ readonly passed: number; readonly failed: number } | undefined> {
  const server = await serve();
  try {
    const output = await run(h2spec, ["-h", "127.0.0.1", "-p", String(server.port)]);
    if (output === undefined) {
      console.error(`conformance:http2: there is no ${h2spec}; name it with --h2spec`);
      return undefined;
    }
    const failed = [...new Set([...output.matchAll(/× \d+: (.+)$/gm)].map(([, name = ""]) => name))];
    const wrong = failed.filter((name) => !exempt.has(name));
    const passed = Number(/(\d+) passed/.exec(output)?.[1] ?? 0);
    for (const name of failed) console.log(`${target}: ${exempt.has(name) ? "not asked for" : "failed"}: ${name}`);
    return { passed, failed: wrong.length };
  } finally {
    await server.close();
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

/** Half of the requests in each role. */
async function printDifferential(requests: number, seed: number): Promise<number> {
  const peers = await openPeers();
  const random = makeRandom(seed);
  let passed = 0;
  try {
    for (let turn = 0; passed < requests; turn++) {
      const asked = makeAsked(random);
      await (turn % 2 === 0 ? askOurs : askTheirs)(peers, asked);
      passed += asked.length;
    }
    console.log(`${passed} passed, 0 failed`);
    return 0;
  } catch (error) {
    console.log(`failed: ${(error as Error).message}`);
    console.log(`${passed} passed, 1 failed`);
    return 1;
  } finally {
    peers.close();
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
