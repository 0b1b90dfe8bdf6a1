/** walk: all [path, value] pairs of a value and what lies in it, the value itself first. */
import { burn } from "../failure";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { scanKey, scanLength, scanValue } from "../value/access";

export function walk(value: usize): usize {
  const pairs = makeArray(16);
  visit(pairs, makeArray(0), value);
  return pairs;
}

function visit(pairs: usize, path: usize, value: usize): void {
  const depth = arrayLen(path);
  burn(1 + (depth >> 3));
  const pair = makeArray(2);
  arrayPush(pair, path);
  arrayPush(pair, value);
  arrayPush(pairs, pair);
  const length = scanLength(value);
  for (let i = 0; i < length; i++) {
    const deeper = makeArray(depth + 1);
    for (let j = 0; j < depth; j++) arrayPush(deeper, arrayGet(path, j));
    arrayPush(deeper, scanKey(value, i));
    visit(pairs, deeper, scanValue(value, i));
  }
}
