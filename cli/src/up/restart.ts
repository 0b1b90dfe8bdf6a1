/**
 * When a process of the mesh that has died is started again: soon, then after pauses that
 * double, so that one that dies at once does not take the machine with it. Long life forgives.
 */

/** Deaths in a row, none after a long life. */
export type Deaths = number;

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** Longer than any start takes: who lives that long has come up. */
const LONG_LIFE_MS = 60_000;

/** After one more death: how many there are, and after how many milliseconds the process is started again. */
export function afterDeath(before: Deaths, livedMs: number): { readonly deaths: Deaths; readonly pauseMs: number } {
  const deaths = livedMs >= LONG_LIFE_MS ? 1 : before + 1;
  return { deaths, pauseMs: Math.min(FIRST_MS * 2 ** (deaths - 1), LONGEST_MS) };
}
