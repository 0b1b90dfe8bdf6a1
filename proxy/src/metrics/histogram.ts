/**
 * Counts by upper bound in a Float64Array: bounds double from 1/16 ms to 65 s with a
 * step between, so that the bucket of a time is found by arithmetic, not by search.
 */
export const BUCKETS = 42;

/** Upper bounds in milliseconds: 0.0625, 0.09375, 0.125, 0.1875 … and the last is infinite. */
export const BOUNDS_MS: readonly number[] = Array.from({ length: BUCKETS }, (_, index) => {
  if (index === BUCKETS - 1) return Number.POSITIVE_INFINITY;
  const power = 2 ** ((index >> 1) - 4);
  return (index & 1) === 0 ? power : power * 1.5;
});

/** Bucket of a time: the first whose bound is not below it. */
export function bucketOf(ms: number): number {
  const units = ms * 16; // in 1/16 ms
  if (units <= 1) return 0;
  const whole = Math.ceil(units);
  // 2^k < units <= 2^(k+1) has bounds 1.5 * 2^k and 2^(k+1).
  const power = whole >= 0x8000_0000 ? 31 : 31 - Math.clz32(whole - 1);
  const base = (1 << power) >>> 0;
  const index = units <= base ? power * 2 : units <= base * 1.5 ? power * 2 + 1 : power * 2 + 2;
  return index >= BUCKETS ? BUCKETS - 1 : index;
}

/** The bound under which share `q` of the counts lie, 0 where there are none. */
export function quantileMs(counts: ArrayLike<number>, offset: number, q: number): number {
  let total = 0;
  for (let i = 0; i < BUCKETS; i++) total += counts[offset + i] ?? 0;
  if (total === 0) return 0;
  let seen = 0;
  for (let i = 0; i < BUCKETS - 1; i++) {
    seen += counts[offset + i] ?? 0;
    if (seen >= total * q) return BOUNDS_MS[i] ?? 0;
  }
  return BOUNDS_MS[BUCKETS - 2] ?? 0;
}
