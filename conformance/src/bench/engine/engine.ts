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

/** Rounds of asking all requests in turn, each long enough to be told apart from the clock's steps. */
export function rounds(requests: number, ask: (i: number) => void): readonly number[] {
  const pass = (turns: number): number => {
    const start = process.hrtime.bigint();
    for (let turn = 0; turn < turns; turn++) for (let i = 0; i < requests; i++) ask(i);
    return Number(process.hrtime.bigint() - start) / (turns * requests);
  };
  pass(1);
  const turns = Math.max(1, Math.round(ROUND_NS / (pass(1) * requests)));
  for (let i = 0; i < 4; i++) pass(turns);
  return Array.from({ length: ROUNDS }, () => pass(turns));
}

export function figureOf({ answers, roundsNs }: Timing, { wanted }: EnginePolicy): Figure {
  const sorted = [...roundsNs].sort((a, b) => a - b);
  return {
    medianNs: sorted[sorted.length >> 1] ?? Number.NaN,
    leastNs: sorted[0] ?? Number.NaN,
    wrong: wanted.filter((want, i) => !isDeepStrictEqual(answers[i], want)).length,
  };
}
