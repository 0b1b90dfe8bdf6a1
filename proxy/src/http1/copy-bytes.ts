/** Copies bytes[from, to) to out[at…) and returns the position behind; the caller has checked the room. */
export function copyBytes(out: Uint8Array, at: number, bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length > LOOP_BYTES_MAX) copyNatively.call(bytes as Buffer, out, at, from, to);
  else for (let index = 0; index < length; index++) out[at + index] = bytes[from + index]!;
  return at + length;
}

/** bytes[from, to) in bytes of their own. `slice` would do, but of a Buffer it is the same bytes. */
export function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const copy = new Uint8Array(to - from);
  copyBytes(copy, 0, bytes, from, to);
  return copy;
}

/** Whether `whole` stands at bytes[start…], and ends at `end` at the latest. */
export function sameBytes(whole: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (whole.length > end - start) return false;
  for (let at = 0; at < whole.length; at++) if (whole[at] !== bytes[start + at]) return false;
  return true;
}

/** Copies a span without making a view of it, as `set` would need: 100 bytes of garbage a copy. */
const copyNatively = Buffer.prototype.copy;

/** Up to here a loop is faster than the call (measured, conformance/bench). */
const LOOP_BYTES_MAX = 24;
