/**
 * When a mesh rests. What a change leaves behind (modules are warmed a second later, what was needed for it is collected
 * two later, ACKs are kept) is done on the same two cores as the next one, which is measured by itself: each would be on
 * a machine of its own, or a minute later.
 */
import { cpuSecondsIfAny } from "./memory.ts";

/** Longer than anything waits that a change has left, but what is collected after half a minute without one. */
const QUIET_MS = 2500;
/** Of all processes together, a quarter of a core: a thousand proxies say that they are there, which takes a seventh. */
const RESTING_SHARE = 0.25;
const LOOK_EVERY_MS = 250;
/** A machine with other work comes to no rest: it is measured as it is. */
const WAIT_MS_MAX = 20_000;

/** When it was looked, and what all had taken of processors by then. */
export type Look = { readonly atMs: number; readonly cpuMs: number };

/** Whether, by the looks so far, next to nothing was done for a while, in no part of it. */
export function isResting(looks: readonly Look[], quietMs = QUIET_MS): boolean {
  const last = looks.at(-1);
  if (last === undefined) return false;
  const since = looks.findLastIndex(({ atMs }) => atMs <= last.atMs - quietMs);
  if (since < 0) return false;
  return looks.slice(since).every((look, at, all) => {
    const before = all[at - 1];
    return before === undefined || look.cpuMs - before.cpuMs <= RESTING_SHARE * (look.atMs - before.atMs);
  });
}

/** Waits until all of these processes, of which some may come and go, rest; false where they do not within twenty seconds. */
export async function untilResting(pids: () => readonly number[]): Promise<boolean> {
  const looks: Look[] = [];
  const startMs = performance.now();
  for (;;) {
    const seconds = pids().reduce((sum, pid) => sum + (cpuSecondsIfAny(pid) ?? 0), 0);
    looks.push({ atMs: performance.now(), cpuMs: seconds * 1000 });
    if (isResting(looks)) return true;
    if (performance.now() - startMs > WAIT_MS_MAX) return false;
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
}
