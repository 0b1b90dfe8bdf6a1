/** Arrays: a cell and a block of values that grows by doubling. */
import { alloc } from "../memory";
import { ARRAY } from "./value";

export function makeArray(capacity: i32): usize {
  const room = capacity < 2 ? 2 : capacity;
  const cell = alloc(16);
  store<u32>(cell, ARRAY);
  store<u32>(cell, 0, 4);
  store<u32>(cell, <u32>room, 8);
  store<u32>(cell, <u32>alloc(<usize>room << 2), 12);
  return cell;
}

// @ts-ignore: decorator
@inline
export function arrayLen(array: usize): i32 {
  return load<i32>(array, 4);
}

/** The i-th element; `i` must be in range. */
// @ts-ignore: decorator
@inline
export function arrayGet(array: usize, i: i32): usize {
  return <usize>load<u32>((<usize>load<u32>(array, 12)) + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
export function arraySet(array: usize, i: i32, value: usize): void {
  store<u32>((<usize>load<u32>(array, 12)) + (<usize>i << 2), <u32>value);
}

export function arrayPush(array: usize, value: usize): void {
  const length = load<u32>(array, 4);
  const capacity = load<u32>(array, 8);
  if (length == capacity) {
    const grown = capacity << 1;
    const block = alloc(<usize>grown << 2);
    memory.copy(block, <usize>load<u32>(array, 12), <usize>length << 2);
    store<u32>(array, grown, 8);
    store<u32>(array, <u32>block, 12);
  }
  store<u32>((<usize>load<u32>(array, 12)) + (<usize>length << 2), <u32>value);
  store<u32>(array, length + 1, 4);
}
