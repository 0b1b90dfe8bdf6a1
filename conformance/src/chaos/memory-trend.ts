/**
 * How what lives in a process grows: the least of a window, in which the fewest requests are
 * under way, against the least of a later one.
 */
export type MemorySample = { readonly atMs: number; readonly bytes: number };

export type Trend = { readonly livedMs: number; readonly fromBytes: number; readonly growthBytes: number };

/** Code is compiled and pools are filled until then. */
export const WARM_MS = 60_000;
const WINDOW_MS = 30_000;

/** Growth from the first window after the warm-up to the last one; undefined where they are not two. */
export function trendOf(samples: readonly MemorySample[], warmMs = WARM_MS): Trend | undefined {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const livedMs = last.atMs - first.atMs;
  if (livedMs < warmMs + 2 * WINDOW_MS) return undefined;
  const least = (from: number) =>
    Math.min(...samples.filter(({ atMs }) => atMs >= from && atMs < from + WINDOW_MS).map(({ bytes }) => bytes));
  const fromBytes = least(first.atMs + warmMs);
  return { livedMs, fromBytes, growthBytes: least(last.atMs - WINDOW_MS) - fromBytes };
}
