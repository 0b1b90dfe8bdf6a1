/** Code points of UTF-8 text. A byte that begins none counts as U+FFFD, one byte wide, as in Go. */

export const BAD_POINT: u32 = 0xfffd;

/** Width of the code point at `at`, which lies before `end`. */
export function pointWidth(at: usize, end: usize): i32 {
  const byte = <u32>load<u8>(at);
  if (byte < 0x80) return 1;
  const left = end - at;
  if (byte < 0xc2 || byte > 0xf4 || left < 2 || !isTail(at + 1)) return 1;
  if (byte < 0xe0) return 2;
  const second = <u32>load<u8>(at + 1);
  if (left < 3 || !isTail(at + 2)) return 1;
  if (byte < 0xf0) {
    // Neither overlong nor a surrogate.
    return (byte == 0xe0 && second < 0xa0) || (byte == 0xed && second > 0x9f) ? 1 : 3;
  }
  if (left < 4 || !isTail(at + 3)) return 1;
  return (byte == 0xf0 && second < 0x90) || (byte == 0xf4 && second > 0x8f) ? 1 : 4;
}

function isTail(at: usize): bool {
  return (load<u8>(at) & 0xc0) == 0x80;
}

export function pointAt(at: usize, end: usize): u32 {
  const byte = <u32>load<u8>(at);
  if (byte < 0x80) return byte;
  const width = pointWidth(at, end);
  if (width == 1) return BAD_POINT;
  if (width == 2) return ((byte & 0x1f) << 6) | (load<u8>(at + 1) & 0x3f);
  if (width == 3) return ((byte & 0x0f) << 12) | ((load<u8>(at + 1) & 0x3f) << 6) | (load<u8>(at + 2) & 0x3f);
  return ((byte & 7) << 18) | ((load<u8>(at + 1) & 0x3f) << 12) | ((load<u8>(at + 2) & 0x3f) << 6) | (load<u8>(at + 3) & 0x3f);
}

/** How many code points a range has. */
export function pointCount(ptr: usize, length: i32): i32 {
  const end = ptr + length;
  let count = 0;
  for (let at = ptr; at < end; at += load<u8>(at) < 0x80 ? 1 : pointWidth(at, end)) count++;
  return count;
}

/** Width of the code point that ends at `at`, which lies behind `from`. */
export function lastWidth(from: usize, at: usize): i32 {
  let back = 1;
  while (back < 4 && at - back > from && isTail(at - back)) back++;
  return pointWidth(at - back, at) == back ? back : 1;
}
