/**
 * A fault of our own ends what it befell, and nothing else: every callback that the event
 * loop makes belongs to one connection, which is told.
 */
import { Counter } from "../../metrics/counters.ts";
import type { Faulty } from "../../time/timer-wheel.ts";
import type { Thread } from "../plane/thread.ts";

export type { Faulty } from "../../time/timer-wheel.ts";

/** The callback, with a throw in it given to the owner. */
export function guarded<Arguments extends readonly unknown[]>(
  owner: Faulty,
  callback: (...given: Arguments) => void,
): (...given: Arguments) => void {
  return (...given) => {
    try {
      callback(...given);
    } catch (error) {
      owner.onFault(error);
    }
  };
}

/** Counts and logs a fault of our own. */
export function countFault(
  { counters, log }: Pick<Thread, "counters" | "log">,
  error: unknown,
  what = "a fault in the proxy",
): void {
  counters.add(Counter.internalFaults);
  log.log("error", what, {
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
}
