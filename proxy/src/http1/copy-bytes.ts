/** Copies bytes[from, to) to out[at…) and returns the position behind; the caller has checked the room. */
export function copyBytes(out: Uint8Array, at: number, bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length > LOOP_BYTES_MAX) out.set(bytes.subarray(from, to), at);
  else for (let index = 0; index < length; index++) out[at + index] = bytes[from + index]!;
  return at + length;
}

/** Up to here a loop is faster than making a view for `set` (measured, conformance/bench). */
const LOOP_BYTES_MAX = 48;
