/**
 * Ends an evaluation that takes much more time than its fuel says. A unit is about a nanosecond of optimised
 * code; what an engine has hardly run yet, as what a hostile request is the first to reach, takes several.
 * So the runtime hands fuel out by slices (assembly/failure.ts), and asks between them.
 */

/** Where a number of a built-in is meant: what the runtime asks with (assembly/abi/host.ts). */
export const MAY_GO_ON = -1;

/** A tenth of a millisecond where code is optimised, and ten nanoseconds a unit at worst where it is not. */
export const SLICE_UNITS = 100_000;

/** What an evaluation may take beyond its fuel's time, in microseconds: honest ones end long before. */
const GRACE_US = 2000;

/** Both in microseconds, from any beginning. */
export type EvaluationClock = {
  readonly monoUs: () => number;
  /** CPU time of the thread that evaluates: it may be a tick of the system's behind. */
  readonly threadCpuUs: () => number;
};

/**
 * Whether an evaluation may go on: told how many slices it has used up, and how many thousands of units it
 * may take in all. What other processes take of the machine is not its own: it ends when both clocks say so.
 */
export function makeOverrun(clock: EvaluationClock | undefined): (slices: number, thousands: number) => boolean {
  if (clock === undefined) return () => true;
  let [beganUs, beganCpuUs] = [0, 0];
  return (slices, thousands) => {
    if (slices === 1) [beganUs, beganCpuUs] = [clock.monoUs(), clock.threadCpuUs()];
    const mostUs = thousands + GRACE_US;
    return clock.monoUs() - beganUs <= mostUs || clock.threadCpuUs() - beganCpuUs <= mostUs;
  };
}
