/**
 * Paired measurement: all candidates are started once and stay warm, then rounds in order
 * A B C, A B C. What counts is the median over rounds of each round's ratio to the baseline
 * of that round: noise of the machine hits both. CPU is counted while the load is in full
 * swing: opening its connections, and cancelling what was under way when it left, is no part
 * of what a request costs.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { LoadResult } from "./load/load.ts";
import { cpuMicroseconds, residentMebibytes } from "./peers/cpu-time.ts";

export type Candidate = {
  readonly name: string;
  /** Processes whose CPU time is the candidate's. */
  readonly pids: readonly number[];
  load(seconds: number): Promise<LoadResult>;
  /** Requests that have come through to the upstream so far. */
  passed(): Promise<number>;
};
export type Measured = {
  readonly name: string;
  readonly requestsPerSecond: number;
  readonly cpuUsPerRequest: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly residentMiB: number;
  readonly errors: number;
  /** Baseline's CPU a request over this one's: above 1 is cheaper than the baseline. */
  readonly cpuRatio: number;
  readonly speedRatio: number;
};

/** Of a load before and behind what is counted. */
const EDGE_SECONDS = 0.5;
/** A candidate is warm once a request takes within a tenth of what it took the round before; a busy machine may never agree. */
const AGREEING = 0.1;
const WARMING_MAX = 12;
type Round = { readonly result: LoadResult; readonly cpuUs: number };
type Pace = {
  readonly seconds: number;
  readonly sleep?: (ms: number) => Promise<unknown>;
  /** CPU time of processes so far. */
  readonly cpuUsOf?: (pids: readonly number[]) => number;
};

export async function measurePaired(
  candidates: readonly Candidate[],
  options: Pace & { readonly rounds: number },
): Promise<Measured[]> {
  for (const candidate of candidates) await warmUp(candidate, options);
  const rounds = candidates.map((): Round[] => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      rounds[index]?.push(await measureRound(candidate, options));
    }
  }
  const baseline = rounds[0] ?? [];
  return candidates.map((candidate, index) => summarise(candidate, rounds[index] ?? [], baseline));
}

/** What is compiled while it runs needs some tens of thousands of requests, of two sidecars on one core some seconds. */
async function warmUp(candidate: Candidate, pace: Pace): Promise<void> {
  let before = Number.NaN;
  for (let round = 0; round < WARMING_MAX; round++) {
    const { cpuUs } = await measureRound(candidate, pace);
    if (Math.abs(cpuUs - before) <= AGREEING * before) return;
    before = cpuUs;
  }
}

async function measureRound(
  candidate: Candidate,
  { seconds, sleep = wait, cpuUsOf = cpuMicroseconds }: Pace,
): Promise<Round> {
  const inFullSwing = async (): Promise<number> => {
    await sleep(EDGE_SECONDS * 1000);
    const passed = await candidate.passed();
    const cpuUs = cpuUsOf(candidate.pids);
    await sleep(seconds * 1000);
    return (cpuUsOf(candidate.pids) - cpuUs) / ((await candidate.passed()) - passed);
  };
  // wrk takes whole seconds.
  const [result, cpuUs] = await Promise.all([candidate.load(seconds + 2 * EDGE_SECONDS), inFullSwing()]);
  return { result, cpuUs };
}

function summarise(candidate: Candidate, rounds: readonly Round[], baseline: readonly Round[]): Measured {
  const of = (value: (round: Round, index: number) => number) => median(rounds.map(value));
  return {
    name: candidate.name,
    requestsPerSecond: of((round) => round.result.requestsPerSecond),
    cpuUsPerRequest: of((round) => round.cpuUs),
    p50Us: of((round) => round.result.p50Us),
    p99Us: of((round) => round.result.p99Us),
    p999Us: of((round) => round.result.p999Us),
    residentMiB: residentMebibytes(candidate.pids),
    errors: rounds.reduce((sum, round) => sum + round.result.errors, 0),
    cpuRatio: of((round, index) => (baseline[index]?.cpuUs ?? Number.NaN) / round.cpuUs),
    speedRatio: of(
      (round, index) => round.result.requestsPerSecond / (baseline[index]?.result.requestsPerSecond ?? Number.NaN),
    ),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** A table for people: a row a candidate, the baseline first. */
export function printMeasured(title: string, measured: readonly Measured[]): string {
  const columns: readonly (readonly [name: string, value: (row: Measured) => string])[] = [
    ["rps", (row) => row.requestsPerSecond.toFixed(0)],
    ["CPU µs/request", (row) => row.cpuUsPerRequest.toFixed(1)],
    ["× by CPU", (row) => row.cpuRatio.toFixed(2)],
    ["× by rps", (row) => row.speedRatio.toFixed(2)],
    ["p50 µs", (row) => row.p50Us.toFixed(0)],
    ["p99 µs", (row) => row.p99Us.toFixed(0)],
    ["p99.9 µs", (row) => row.p999Us.toFixed(0)],
    ["RSS MiB", (row) => row.residentMiB.toFixed(0)],
    ["errors", (row) => String(row.errors)],
  ];
  const rows = [
    ["", ...columns.map(([name]) => name)],
    ...measured.map((row) => [row.name, ...columns.map(([, value]) => value(row))]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join("  "),
  );
  return [title, ...lines].join("\n");
}
