/** `npm run bench`: nanoseconds of the codec and of a decision, then nginx and regomesh side by side. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureCodec } from "./codec.ts";
import { COMMIT_P95_MS_MAX, measureCommits } from "./commit.ts";
import { measureCompiles } from "./compile.ts";
import { printDecisions, timeDecisions } from "./decision.ts";
import { type Measured, measurePaired, printMeasured } from "./paired.ts";
import { runScale } from "./scale.ts";
import { chain, oneHop, type Scene, type Stage } from "./scenes.ts";
import { findTools, type Tools } from "./tools.ts";

const HELP = `Measures the data plane against nginx, as paired rounds; CPU a request is what counts.

usage: npm run bench -- [--only codec|decision|compile|commit|hop|h2|chain|scale] [--rounds N] [--seconds N] [--check]
  --only scale  what a change costs in a large mesh, where it is not part of the whole:
           [--proxies N] [--services N] [--endpoints N] [--rules N] [--calls N (0: all)]
  --check  exit 1 where a floor is missed: 0.75 × nginx (hop, h2), 1.1 × nginx + nginx (chain),
           the times of compiling (compile), p95 of 1 s from a commit to its being in force (commit)
needs nginx, wrk, h2load, taskset and openssl (Debian: nginx-light wrk nghttp2-client util-linux openssl)
example: npm run bench -- --only hop --rounds 5`;

type Row = { readonly name: string; readonly floor: number; open(stage: Stage): Promise<Scene> };
const SCENES: readonly Row[] = [
  { name: "hop", floor: 0.75, open: (stage) => oneHop(stage, "http1") },
  { name: "h2", floor: 0.75, open: (stage) => oneHop(stage, "http2") },
  { name: "chain", floor: 1.1, open: chain },
];

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "4" },
      check: { type: "boolean", default: false },
      proxies: { type: "string", default: "200" },
      services: { type: "string", default: "200" },
      endpoints: { type: "string", default: "2000" },
      rules: { type: "string", default: "2000" },
      calls: { type: "string", default: "10" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const { only } = values;
  if (only === "scale") {
    const { proxies, services, endpoints, rules, calls, rounds } = values;
    const missed = await runScale({
      proxies: Number(proxies),
      services: Number(services),
      endpoints: Number(endpoints),
      rules: Number(rules),
      calls: Number(calls),
      rounds: Number(rounds),
    });
    return values.check && missed > 0 ? 1 : 0;
  }
  if (only === undefined || only === "codec") console.log(`${measureCodec()}\n`);
  if (only === undefined || only === "decision") console.log(`${await measureDecisions()}\n`);
  let missed = 0;
  if (only === undefined || only === "compile") missed += compiles();
  if (only === undefined || only === "commit") missed += await commits();
  const scenes = SCENES.filter(({ name }) => only === undefined || only === name);
  if (scenes.length === 0) return values.check && missed > 0 ? 1 : 0;
  const tools = findTools();
  if (!("nginx" in tools)) {
    console.error(`bench: left out, for want of ${tools.join(", ")}: ${scenes.map(({ name }) => name).join(", ")}`);
    return values.check ? 1 : 0;
  }
  for (const scene of scenes) {
    const measured = await measureScene(scene, tools, Number(values.rounds), Number(values.seconds));
    const last = measured.at(-1);
    if (last !== undefined && !(last.cpuRatio >= scene.floor && last.errors === 0)) {
      console.log(
        `floor missed: ${last.name} is ${last.cpuRatio.toFixed(2)} × ${measured[0]?.name}, not ${scene.floor}`,
      );
      missed++;
    }
    console.log("");
  }
  return values.check && missed > 0 ? 1 : 0;
}

/** How many goals were missed. */
function compiles(): number {
  const { text, missed } = measureCompiles();
  console.log(`${text}\n`);
  for (const goal of missed) console.log(`goal missed: ${goal}\n`);
  return missed.length;
}

/** How many goals were missed. */
async function commits(): Promise<number> {
  const { text, inForceP95Ms } = await measureCommits();
  console.log(`${text}\n`);
  if (inForceP95Ms <= COMMIT_P95_MS_MAX) return 0;
  console.log(
    `goal missed: a commit is in force in ${Math.round(inForceP95Ms)} ms (p95), not ${COMMIT_P95_MS_MAX} ms\n`,
  );
  return 1;
}

async function measureDecisions(): Promise<string> {
  const folder = join(process.env["REGOMESH_SHARED"] ?? join(import.meta.dirname, "../../../../shared"), "bench");
  if (!existsSync(folder)) return `decision: left out, for want of outside data (${folder}, set by REGOMESH_SHARED)`;
  return printDecisions(await timeDecisions(folder));
}

async function measureScene(row: Row, tools: Tools, rounds: number, seconds: number): Promise<readonly Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), "regomesh-bench-"));
  try {
    await using stack = new AsyncDisposableStack();
    const scene = await row.open({ tools, folder, stack });
    const measured = await measurePaired(scene.candidates, { rounds, seconds });
    console.log(printMeasured(`${scene.title} (${rounds} rounds of ${seconds} s)`, measured));
    return measured;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
