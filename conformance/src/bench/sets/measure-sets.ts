/** Starts the contenders of each set, puts them under its loads, and gives what was seen. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@regomesh/cli";
import { runLoad } from "../load/run-load.ts";
import { type Measured, measurePaired, printMeasured } from "../paired.ts";
import { openUpstream } from "../peers/nginx.ts";
import type { Tools } from "../peers/tools.ts";
import { type Contender, LOAD_CORE, type Stage } from "./scene.ts";
import type { ContenderSet, LoadKind } from "./sets.ts";

export type SetResult = {
  readonly set: string;
  readonly title: string;
  readonly load: string;
  readonly commit: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly rows: readonly Measured[];
};

export type Pace = { readonly rounds: number; readonly seconds: number };

/** Of its loads those whose name is wanted; a table for each is said as it is there. */
export async function measureSet(
  set: ContenderSet,
  tools: Tools,
  { wanted, ...pace }: Pace & { readonly wanted: RegExp },
): Promise<readonly SetResult[]> {
  return await onStage(tools, async (stage) => {
    const contenders = await set.open(stage);
    const results: SetResult[] = [];
    for (const load of set.loads.filter(({ name }) => wanted.test(name))) {
      const rows = await measurePaired(candidatesOf(stage, set, contenders, load), pace);
      console.log(
        `${printMeasured(`${set.title}: ${load.name} (${pace.rounds} rounds of ${pace.seconds} s)`, rows)}\n`,
      );
      results.push({ set: set.name, title: set.title, load: load.name, commit: commitNow(), ...pace, rows });
    }
    return results;
  });
}

/** A folder and an upstream for as long as `use` takes. */
export async function onStage<Result>(tools: Tools, use: (stage: Stage) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "regomesh-bench-"));
  try {
    await using stack = new AsyncDisposableStack();
    const ports = { http1: await freePort(), http2: await freePort(), grpc: await freePort() };
    const upstream = await openUpstream(tools, { folder, cores: String(LOAD_CORE), stack, ports });
    return await use({ tools, folder, stack, upstream });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function candidatesOf(
  { tools, folder, upstream }: Stage,
  { client }: ContenderSet,
  contenders: readonly Contender[],
  { target, change }: LoadKind,
) {
  return contenders.map(({ name, pids, port }) => ({
    name,
    pids,
    passed: () => upstream.passed(),
    load: (seconds: number) =>
      runLoad(tools, { client, folder, core: LOAD_CORE, port, target, host: "svc", seconds, ...change }),
  }));
}

/** Of this checkout, with a `+` where it has changes of its own. */
export function commitNow(): string {
  const git = (...args: readonly string[]) =>
    execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8" }).trim();
  try {
    return `${git("rev-parse", "--short=7", "HEAD")}${git("status", "--porcelain") === "" ? "" : "+"}`;
  } catch {
    return "unknown";
  }
}
