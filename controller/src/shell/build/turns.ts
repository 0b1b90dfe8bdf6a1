/**
 * A build in turns. What it compiles and tests anew may take longer than any order waits for, as at a start, when
 * nothing is remembered: after some seconds it is left, and asked for once more it goes on where it was, by what is
 * remembered of it. So the sum of what many have written ends no build, and other orders come in between.
 */
import { type BuildTools, TurnOver } from "../../build/tools.ts";

/** Milliseconds of a processor, of an order that may take thirty seconds: what begins before they are over ends after them. */
const TURN_CPU_MS = 5000;
/** For tests that may wait: whoever changes something else waits for no more than what has begun. */
const WAITING_CPU_MS = 1000;

export type Turns<Tools> = {
  /** Those that make anew what is not remembered. They throw `TurnOver`. */
  readonly tools: Tools;
  /** An order begins; `isBounded`: it may be left. */
  begin(isBounded: boolean): void;
};

export function inTurns<Tools extends BuildTools & { cpuMs(): number }>(
  tools: Tools,
  turnCpuMs = TURN_CPU_MS,
  waitingCpuMs = WAITING_CPU_MS,
): Turns<Tools> {
  let untilMs = Number.POSITIVE_INFINITY;
  let testedMs = 0;
  // Of each turn one thing at least: what else an order does may take all of its time.
  let isAnyMade = false;
  const made = <T>(make: () => T, isOver = false): T => {
    if (isAnyMade && (isOver || tools.cpuMs() > untilMs)) throw new TurnOver();
    isAnyMade = true;
    return make();
  };
  return {
    tools: {
      ...tools,
      parse: (file) => made(() => tools.parse(file)),
      compile: (units, entrypoints, role) => made(() => tools.compile(units, entrypoints, role)),
      test: (unit, mayWait = false) => {
        const tested = made(() => tools.test(unit, mayWait), mayWait && testedMs >= waitingCpuMs);
        testedMs += tested.cpuMs;
        return tested;
      },
    },
    begin(isBounded) {
      untilMs = isBounded ? tools.cpuMs() + turnCpuMs : Number.POSITIVE_INFINITY;
      [isAnyMade, testedMs] = [false, 0];
    },
  };
}
