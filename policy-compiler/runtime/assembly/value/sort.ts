/** Sorting an array's elements in place, in Rego's order. Equal ones keep their order. */
import { burn } from "../failure";
import { alloc } from "../memory";
import { arrayLen } from "./array";
import { compare } from "./compare";

export function sortValues(array: usize): void {
  const length = arrayLen(array);
  const bytes = <usize>length << 2;
  const elements = <usize>load<u32>(array, 12);
  for (let i = 0; i < length; i += 8) insertionSort(elements, i, i + 8 < length ? i + 8 : length);
  if (length <= 8) return;
  let from = elements;
  let to = alloc(bytes);
  for (let width = 8; width < length; width <<= 1) {
    burn(length);
    for (let low = 0; low < length; low += width << 1) mergeRuns(from, to, low, width, length);
    const swap = from;
    from = to;
    to = swap;
  }
  if (from != elements) memory.copy(elements, from, bytes);
}

// @ts-ignore: decorator
@inline
function at(elements: usize, i: i32): usize {
  return <usize>load<u32>(elements + (<usize>i << 2));
}

function insertionSort(elements: usize, from: i32, to: i32): void {
  burn(to - from);
  for (let i = from + 1; i < to; i++) {
    const value = at(elements, i);
    let j = i - 1;
    for (; j >= from && compare(at(elements, j), value) > 0; j--) {
      store<u32>(elements + (<usize>(j + 1) << 2), <u32>at(elements, j));
    }
    store<u32>(elements + (<usize>(j + 1) << 2), <u32>value);
  }
}

function mergeRuns(from: usize, to: usize, low: i32, width: i32, length: i32): void {
  const middle = low + width < length ? low + width : length;
  const high = low + (width << 1) < length ? low + (width << 1) : length;
  let i = low;
  let j = middle;
  for (let k = low; k < high; k++) {
    const isLeft = i < middle && (j >= high || compare(at(from, i), at(from, j)) <= 0);
    store<u32>(to + (<usize>k << 2), <u32>at(from, isLeft ? i++ : j++));
  }
}
