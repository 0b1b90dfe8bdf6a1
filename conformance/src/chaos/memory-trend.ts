/**
 * How the memory of a process grows over its life. It breathes with the requests under way: of
 * each half minute the least counts, and a line is put through those. How far the line may be
 * wrong is said too, for a busy machine makes it so: what is judged is the growth that is
 * beyond doubt.
 */
export type MemorySample = { readonly atMs: number; readonly bytes: number };

export type Trend = {
  /** From the first window to the last. */
  readonly spanMs: number;
  /** Of the first half minute. */
  readonly fromBytes: number;
  readonly bytesInTenMinutes: number;
  /** Standard error of that. */
  readonly errorBytes: number;
  /** The least of each half minute, in order. */
  readonly leastBytes: readonly number[];
};

const WINDOW_MS = 30_000;
/** A line through fewer says nothing. */
const WINDOWS_MIN = 4;
const TEN_MINUTES_MS = 600_000;
/** Standard errors within which it may be chance, once in forty. */
const DOUBT = 2;

/** The line through a part of a life; undefined where it began later than that, or is too short. */
export function trendOf(samples: readonly MemorySample[], fromMs: number, untilMs: number): Trend | undefined {
  const [first] = samples;
  if (first === undefined || first.atMs > fromMs) return undefined;
  const least: number[] = [];
  for (const { atMs, bytes } of samples) {
    const window = Math.floor((atMs - fromMs) / WINDOW_MS);
    if (window >= 0 && atMs < untilMs) least[window] = Math.min(least[window] ?? Number.POSITIVE_INFINITY, bytes);
  }
  const points = [...least.entries()].filter((point): point is [number, number] => point[1] !== undefined);
  const [start] = points;
  if (points.length < WINDOWS_MIN || start === undefined) return undefined;
  const { slope, error } = lineThrough(points);
  const windows = TEN_MINUTES_MS / WINDOW_MS;
  return {
    spanMs: points.length * WINDOW_MS,
    fromBytes: start[1],
    bytesInTenMinutes: slope * windows,
    errorBytes: error * windows,
    leastBytes: points.map(([, bytes]) => bytes),
  };
}

/** Whether a process grows by more than so many bytes in ten minutes, and that is no chance. */
export function isGrowing({ bytesInTenMinutes, errorBytes }: Trend, bytesMax: number): boolean {
  return bytesInTenMinutes - DOUBT * errorBytes > bytesMax;
}

/** Least squares, with the standard error of the slope. */
function lineThrough(points: readonly (readonly [x: number, y: number])[]): {
  readonly slope: number;
  readonly error: number;
} {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(([at]) => at), mean(([, bytes]) => bytes)];
  const spread = mean(([at]) => (at - x) ** 2);
  const slope = mean(([at, bytes]) => (at - x) * (bytes - y)) / spread;
  const rest = mean(([at, bytes]) => (bytes - y - slope * (at - x)) ** 2);
  return { slope, error: Math.sqrt(rest / spread / (points.length - 2)) };
}
