/**
 * Answers of functions with arguments, kept for the generation. Its slot is 8 bytes
 * {generation u32, word}: the word is a small integer while calls are only counted, then
 * an object of answers by the array of arguments. Most functions are called a few times,
 * which costs less than looking an answer up.
 */
import { memoGeneration } from "./generation";
import { entryCount } from "./value/entries";
import { makeObject, objectGet, objectInsert } from "./value/object";
import { makeSmallInt } from "./value/value";

/** Calls in one generation before answers are kept. */
const CALLS_FREE: i32 = 16;
/** Answers kept of one function: what is called with ever new arguments must not fill the memory. */
const ANSWERS_MAX: i32 = 4096;

const noValue = memory.data<u32>([0, 0], 8);
/** Kept where the function was undefined: the address of no value. */
export const NO_VALUE: usize = noValue;

/** Counts a call; true where its answer may be known or is to be kept. */
export function memoCounts(slot: usize): bool {
  if (load<u32>(slot) != memoGeneration) {
    store<u32>(slot, memoGeneration);
    store<u32>(slot, <u32>makeSmallInt(1), 4);
    return false;
  }
  const word = <usize>load<u32>(slot, 4);
  if (!(word & 1)) return entryCount(word) < ANSWERS_MAX;
  if (<i32>word >> 1 < CALLS_FREE) {
    store<u32>(slot, <u32>word + 2, 4);
    return false;
  }
  store<u32>(slot, <u32>makeObject(), 4);
  return true;
}

/** The answer to these arguments, NO_VALUE where that is undefined; 0 where it is not known. */
export function memoFind(slot: usize, args: usize): usize {
  return objectGet(<usize>load<u32>(slot, 4), args);
}

/** Keeps an answer found in the generation, unless another one took the slot meanwhile. */
export function memoKeep(slot: usize, generation: u32, args: usize, value: usize): void {
  if (load<u32>(slot) != generation || load<u32>(slot, 4) & 1) return;
  objectInsert(<usize>load<u32>(slot, 4), args, value == 0 ? NO_VALUE : value);
}
