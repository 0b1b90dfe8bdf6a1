/** `npm run bench`: nanoseconds of the codec and of a decision, then every peer and regomesh side by side. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { amountOf, countOf, patternOf } from "../command-line.ts";
import { measureCodec } from "./codec.ts";
import { COMMIT_P95_MS_MAX, measureCommits } from "./commit.ts";
import { measureCompiles } from "./compile.ts";
import { printDecisions, timeDecisions } from "./decision.ts";
import { runPage } from "./page.ts";
import { findTools } from "./peers/tools.ts";
import { writeDocument } from "./report/write-document.ts";
import { runScale } from "./scale.ts";
import { measureIdle, printIdle } from "./sets/idle.ts";
import { measureSet, type Pace, type SetResult } from "./sets/measure-sets.ts";
import { SETS } from "./sets/sets.ts";

export const USAGE = `Measures the data plane against its peers, as paired rounds; CPU a request is what counts.

usage: npm run bench -- [--only NAME[,NAME]] [--load RE] [--rounds N] [--seconds N] [--peer NAME=PATH]... [--write] [--check]
  --only   codec, decision, compile, commit, a set of contenders (${SETS.map(({ name }) => name).join(", ")}), or idle
  --load   of the sets' loads, those whose name matches: "1 KiB, as fast as it goes", "1 KiB, 10,000 a second", "1 MiB, …"
  --only scale  what a change costs in a large mesh, where it is not part of the whole:
           [--proxies N] [--services N] [--endpoints N] [--rules N] [--calls N (0: all)] [--real N]
  --only page   what its page costs in a real browser, where it is not part of the whole:
           [--services N] [--calls N] [--seconds N] [--browser PROGRAM] [--picture FILE]
  --peer   where haproxy, envoy, opa-envoy-plugin or opa (compile) is, if not on the PATH; who is missing is left out and named
  --write  puts the figures of sets and idle into docs/performance.md, .json and .svg
  --check  exit 1 where a floor is missed: of a set, by CPU against nginx; the times of compiling (compile),
           p95 of 1 s from a commit to its being in force (commit)
needs nginx, wrk, h2load, taskset and openssl (Debian: nginx-light wrk nghttp2-client util-linux openssl)
example: npm run bench -- --only hop --rounds 5`;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      load: { type: "string", default: "" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "4" },
      check: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      peer: { type: "string", multiple: true, default: [] },
      browser: { type: "string", default: "chromium" },
      picture: { type: "string" },
      proxies: { type: "string", default: "200" },
      services: { type: "string", default: "200" },
      endpoints: { type: "string", default: "2000" },
      rules: { type: "string", default: "2000" },
      calls: { type: "string", default: "10" },
      real: { type: "string", default: "8" },
    },
  });
  if (values.load !== "" && (values.write || values.check)) {
    console.error("bench: --load measures some rows of a set; --write and --check want it whole");
    return 2;
  }
  const only = values.only?.split(",");
  const isAsked = (name: string): boolean => only === undefined || only.includes(name);
  if (values.only === "scale") {
    const { proxies, services, endpoints, rules, calls, real, rounds } = values;
    const missed = await runScale({
      proxies: countOf(proxies, "proxies"),
      services: countOf(services, "services"),
      endpoints: countOf(endpoints, "endpoints"),
      rules: countOf(rules, "rules"),
      calls: countOf(calls, "calls", 0),
      real: countOf(real, "real", 0),
      rounds: countOf(rounds, "rounds"),
    });
    return values.check && missed > 0 ? 1 : 0;
  }
  if (values.only === "page") {
    const { services, calls, seconds, browser, picture } = values;
    const options = {
      services: countOf(services, "services"),
      calls: countOf(calls, "calls", 0),
      seconds: amountOf(seconds, "seconds"),
      browser,
    };
    const missed = await runPage(options, picture);
    return values.check && missed > 0 ? 1 : 0;
  }
  if (isAsked("codec")) console.log(`${measureCodec()}\n`);
  if (isAsked("decision")) console.log(`${await measureDecisions()}\n`);
  let missed = 0;
  if (isAsked("compile")) missed += compiles(values.peer);
  if (isAsked("commit")) missed += await commits();
  missed += await contend(isAsked, values, {
    rounds: countOf(values.rounds, "rounds"),
    seconds: amountOf(values.seconds, "seconds"),
  });
  return values.check && missed > 0 ? 1 : 0;
}

/** Measures the sets that are asked for; how many floors were missed. */
async function contend(
  isAsked: (name: string) => boolean,
  values: { readonly load: string; readonly peer: readonly string[]; readonly write: boolean },
  pace: Pace,
): Promise<number> {
  const wanted = patternOf(values.load, "load");
  const sets = SETS.filter(({ name, loads }) => isAsked(name) && loads.some((load) => wanted.test(load.name)));
  if (sets.length === 0 && !isAsked("idle")) return 0;
  const { tools, missing } = findTools(values.peer);
  if (missing.length > 0) console.error(`bench: left out, for want of them: ${missing.join(", ")}`);
  if (tools === undefined) return 1;
  const results: SetResult[] = [];
  let missed = 0;
  for (const set of sets) {
    const measured = await measureSet(set, tools, { ...pace, wanted });
    results.push(...measured);
    const rows = measured.find(({ load }) => load === set.loads[0]?.name)?.rows;
    if (rows === undefined) continue;
    const [first, last] = [rows[0], rows.at(-1)];
    if (last !== undefined && last.cpuRatio >= set.floor && last.errors === 0) continue;
    console.log(`floor missed: ${last?.name} is ${last?.cpuRatio.toFixed(2)} × ${first?.name}, not ${set.floor}\n`);
    missed++;
  }
  const idle = isAsked("idle") ? await measureIdle(tools) : [];
  for (const result of idle) console.log(`${printIdle(result)}\n`);
  const order = SETS.map(({ name }) => name);
  if (values.write) writeDocument({ sets: results, idle, missing }, order);
  return missed;
}

/** How many goals were missed. */
function compiles(peers: readonly string[]): number {
  const opa = peers.find((peer) => peer.startsWith("opa="))?.slice("opa=".length);
  const { text, missed } = measureCompiles(opa ?? "opa");
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
