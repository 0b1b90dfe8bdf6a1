/**
 * Which rules can hold: the tree of questions that the compiler made (policy-compiler's
 * link/index-words.ts says how it lies in memory), asked for the values at `keys`.
 */
import { INDEX_EQUAL, INDEX_LIST, INDEX_PREFIX } from "./layout";
import { objectGet } from "./value/object";
import { STRING, kindOf, stringLen, stringPtr } from "./value/value";

/** Address of the list's first place. */
export function indexFind(root: usize, keys: usize): usize {
  let node = root;
  while (true) {
    const kind = load<u32>(node);
    if (kind == INDEX_LIST) return node + 4;
    const key = <usize>load<u32>(keys + (<usize>load<u32>(node, 4) << 2));
    if (kind == INDEX_EQUAL) {
      let found: usize = 0;
      if (key != 0) found = objectGet(<usize>load<u32>(<usize>load<u32>(node, 8)), key);
      node = <usize>(found == 0 ? load<u32>(node, 12) : load<u32>(node + ((found >> 1) << 2), 16));
    } else if (key != 0 && kindOf(key) != STRING) node = <usize>load<u32>(node, 16);
    else {
      const first = <usize>load<u32>(node, 8);
      let found: usize = 0;
      if (key != 0) found = kind == INDEX_PREFIX ? longestPrefix(first, key) : longestSuffix(first, key);
      node = found == 0 ? <usize>load<u32>(node, 12) : found;
    }
  }
}

/** Node of the longest string that `text` begins with, or 0. */
function longestPrefix(first: usize, text: usize): usize {
  const length = stringLen(text);
  const ptr = stringPtr(text);
  let last: usize = 0;
  let step = first;
  while (step != 0 && load<i32>(step) <= length) {
    last = step;
    const at = load<i32>(step);
    if (at == length) break;
    const byte = <u32>load<u8>(ptr + at) - load<u32>(step, 16);
    if (byte >= load<u32>(step, 20)) break;
    step = <usize>load<u32>(step + (<usize>byte << 2), 24);
  }
  if (last == 0) return 0;
  const sample = stringPtr(<usize>load<u32>(last, 12));
  const most = load<i32>(last);
  // Both have so many bytes: eight are compared at a time.
  let same = 0;
  while (same + 8 <= most) {
    const differ = load<u64>(ptr + same) ^ load<u64>(sample + same);
    if (differ != 0) return nodeWithin(last, same + (<i32>ctz(differ) >> 3));
    same += 8;
  }
  while (same < most && load<u8>(ptr + same) == load<u8>(sample + same)) same++;
  return nodeWithin(last, same);
}

/** Node of the longest string that `text` ends with, or 0. */
function longestSuffix(first: usize, text: usize): usize {
  const length = stringLen(text);
  const end = stringPtr(text) + <usize>length - 1;
  let last: usize = 0;
  let step = first;
  while (step != 0 && load<i32>(step) <= length) {
    last = step;
    const at = load<i32>(step);
    if (at == length) break;
    const byte = <u32>load<u8>(end - at) - load<u32>(step, 16);
    if (byte >= load<u32>(step, 20)) break;
    step = <usize>load<u32>(step + (<usize>byte << 2), 24);
  }
  if (last == 0) return 0;
  const atom = <usize>load<u32>(last, 12);
  const sample = stringPtr(atom) + <usize>stringLen(atom) - 1;
  const most = load<i32>(last);
  let same = 0;
  while (same + 8 <= most) {
    const differ = load<u64>(end - same - 7) ^ load<u64>(sample - same - 7);
    if (differ != 0) return nodeWithin(last, same + (<i32>clz(differ) >> 3));
    same += 8;
  }
  while (same < most && load<u8>(end - same) == load<u8>(sample - same)) same++;
  return nodeWithin(last, same);
}

/** The deepest node, from this step upwards, whose string is one of the first `same` bytes. */
function nodeWithin(from: usize, same: i32): usize {
  let step = from;
  while (step != 0) {
    if (load<u32>(step, 4) != 0 && load<i32>(step) <= same) return <usize>load<u32>(step, 4);
    step = <usize>load<u32>(step, 8);
  }
  return 0;
}
