/** What an exchange needs of the thread that it runs on. */
import type { Random } from "@regomesh/base";
import type { SlabPool } from "../message/slab-pool.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Timer } from "../time/timer-wheel.ts";

export type World = {
  readonly random: Random;
  /** Monotonic milliseconds. */
  readonly monoMs: () => number;
  readonly arm: (timer: Timer, afterMs: number) => void;
  readonly disarm: (timer: Timer) => void;
  readonly slabs: SlabPool;
  readonly counters: Counters;
};
