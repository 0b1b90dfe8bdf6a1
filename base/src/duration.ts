/**
 * Durations as Gateway API writes them (GEP-2257): 1 to 4 parts of 1 to 5 digits
 * with a unit of h, m, s or ms, no repeats required in order; "0s" is zero.
 */
const PART = /([0-9]{1,5})(h|ms|m|s)/gy;
const WHOLE = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;
const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Milliseconds, or undefined where the text is not a GEP-2257 duration. */
export function parseDuration(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined;
  let ms = 0;
  for (const [, digits, unit] of text.matchAll(PART)) ms += Number(digits) * (UNIT_MS[unit ?? ""] ?? 0);
  return ms;
}
