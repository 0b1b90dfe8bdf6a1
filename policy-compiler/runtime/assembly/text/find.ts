/** Searching bytes, with fuel. */
import { burn } from "../failure";
import { equalBytes } from "../value/bytes";

/** Places that take a step of fuel together; one where the first byte is right takes as much as some. */
const STEPS: i32 = 64;
const MATCH_STEPS: i32 = 6;

/** Offset of the needle at or behind `from`, or -1. An empty needle is everywhere. */
export function indexOfBytes(ptr: usize, length: i32, from: i32, needle: usize, needleLength: i32): i32 {
  const last = length - needleLength;
  if (needleLength == 0) return from <= length ? from : -1;
  const first = load<u8>(needle);
  let steps = 0;
  for (let i = from; i <= last; i++) {
    if (++steps >= STEPS) {
      burn(1);
      steps -= STEPS;
    }
    if (load<u8>(ptr + i) != first) continue;
    if (needleLength == 1) return i;
    steps += MATCH_STEPS + (needleLength >> 4);
    if (needleLength > 64) burn(needleLength >> 6);
    if (equalBytes(ptr + i, needle, needleLength)) return i;
  }
  return -1;
}
