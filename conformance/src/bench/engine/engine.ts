/** An engine under test: what it is given, and how it is timed. */
import { isDeepStrictEqual } from "node:util";
import type { EnginePolicy } from "./policies.ts";

export type Engine = {
  readonly name: string;
  /** What it starts from: said beside its figures. */
  readonly given: string;
  /** Nanoseconds a decision, of several rounds; undefined where it cannot, or not within reason. */
  readonly time: (policy: EnginePolicy) => Timing | undefined;
};

export type Timing = { readonly answers: readonly unknown[]; readonly roundsNs: readonly number[] };

export type Figure = { readonly medianNs: number; readonly leastNs: number; readonly wrong: number };

const ROUNDS = 9;
const ROUND_NS = 40e6;

/** So many requests, each of which can be asked. */
export type Asked = { readonly requests: number; readonly ask: (i: number) => void };

export function rounds(requests: number, ask: (i: number) => void): readonly number[] {
  return pairedRounds([{ requests, ask }])[0] ?? [];
}

/**
 * Rounds of asking all requests in turn, nanoseconds each, of several things turn about: noise of the machine
 * hits all. Each round is long enough to be told apart from the clock's steps. What is counted is the
 * process's CPU time, its collector's and compiler's threads too, as the other engines' programs count
 * theirs: other work on the machine is no part of it.
 */
export function pairedRounds(all: readonly Asked[], number = ROUNDS): readonly (readonly number[])[] {
  const timed = all.map(({ requests, ask }) => {
    const pass = (turns: number): number => {
      const start = process.cpuUsage();
      for (let turn = 0; turn < turns; turn++) for (let i = 0; i < requests; i++) ask(i);
      const { user, system } = process.cpuUsage(start);
      return ((user + system) * 1000) / (turns * requests);
    };
    pass(1);
    const turns = Math.max(1, Math.round(ROUND_NS / Math.max(1000, pass(1) * requests)));
    for (let i = 0; i < 4; i++) pass(turns);
    return {
      pass,
      turns: Math.max(1, Math.round(ROUND_NS / Math.max(1000, pass(turns) * requests))),
      roundsNs: [] as number[],
    };
  });
  for (let i = 0; i < number; i++) for (const { pass, turns, roundsNs } of timed) roundsNs.push(pass(turns));
  return timed.map(({ roundsNs }) => roundsNs);
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Of each round's ratio. */
export function medianRatio(these: readonly number[], those: readonly number[]): number {
  return median(these.map((ns, i) => ns / (those[i] ?? Number.NaN)));
}

export function figureOf({ answers, roundsNs }: Timing, { wanted }: EnginePolicy): Figure {
  return {
    medianNs: median(roundsNs),
    leastNs: Math.min(...roundsNs),
    wrong: wanted.filter((want, i) => !isDeepStrictEqual(answers[i], want)).length,
  };
}
