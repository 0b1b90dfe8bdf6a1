/**
 * Who asks the time of day while tests run: a test that does, and gives itself no time, may hold
 * today and fail tomorrow (a token ends, a window of hours closes), and then it refuses a commit
 * that has nothing to do with it.
 */
import type { Diagnostic } from "@regomesh/base";
import type { HostBuiltin, HostBuiltins } from "@regomesh/policy-runtime";
import { placeOfTest, type TestCase } from "./cases.ts";

const CLOCK = "time.now_ns";

export class ClockWatch {
  /** The host's, with a clock that tells when it is asked: not where `with` put another in its place. */
  readonly hostBuiltins: HostBuiltins;
  #isAsked = false;

  constructor(hostBuiltins: HostBuiltins) {
    const clock = hostBuiltins[CLOCK];
    this.hostBuiltins = clock === undefined ? hostBuiltins : { ...hostBuiltins, [CLOCK]: this.#watched(clock) };
  }

  /** Whether the clock was asked since the last call. */
  wasAsked(): boolean {
    const was = this.#isAsked;
    this.#isAsked = false;
    return was;
  }

  #watched(clock: HostBuiltin): HostBuiltin {
    const watched = (...operands: never[]): unknown => {
      this.#isAsked = true;
      return clock(...operands);
    };
    return Object.assign(watched, clock);
  }
}

export function warnOfClock(test: TestCase): Diagnostic {
  return {
    code: "test_asks_clock",
    severity: "warning",
    message: `${test.name} asks the time of day: it may pass today and fail tomorrow`,
    at: placeOfTest(test),
    hint: `give it a time: with ${CLOCK} as 1700000000000000000`,
  };
}
