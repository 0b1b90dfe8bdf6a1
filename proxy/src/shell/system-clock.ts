/** The real clock. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@regomesh/base";

export const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  },
};
