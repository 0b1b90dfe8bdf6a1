/**
 * A build in turns. What it compiles and tests anew may take longer than any order waits for, as at a start, when
 * nothing is remembered: after some seconds it is left, and asked for once more it goes on where it was, by what is
 * remembered of it. So the sum of what many have written ends no build, and other orders come in between.
 */
import type { BuildTools } from "../../build/tools.ts";

/** Milliseconds of a processor, of a deadline of thirty seconds; what begins before they are over ends after them. */
const TURN_CPU_MS = 5000;

/** The order is left, to be given once more. */
export class TurnOver extends Error {}

export type Turns<Tools> = {
  /** Those that make anew what is not remembered. They throw `TurnOver`. */
  readonly tools: Tools;
  /** An order begins; `isBounded`: it may be left. */
  begin(isBounded: boolean): void;
};

export function inTurns<Tools extends BuildTools & { cpuMs(): number }>(
  tools: Tools,
  turnCpuMs = TURN_CPU_MS,
): Turns<Tools> {
  let untilMs = Number.POSITIVE_INFINITY;
  // Of each turn one thing at least: what else an order does may take all of its time.
  let isAnyMade = false;
  const made = <T>(make: () => T): T => {
    if (isAnyMade && tools.cpuMs() > untilMs) throw new TurnOver();
    isAnyMade = true;
    return make();
  };
  return {
    tools: {
      ...tools,
      parse: (file) => made(() => tools.parse(file)),
      compile: (units, entrypoints, role) => made(() => tools.compile(units, entrypoints, role)),
      test: (unit) => made(() => tools.test(unit)),
    },
    begin(isBounded) {
      untilMs = isBounded ? tools.cpuMs() + turnCpuMs : Number.POSITIVE_INFINITY;
      isAnyMade = false;
    },
  };
}
