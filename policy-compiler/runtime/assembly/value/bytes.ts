/** Comparing byte ranges, eight bytes at a time. */
import { burn } from "../failure";

export function equalBytes(a: usize, b: usize, length: i32): bool {
  if (length >= 8) {
    if (length > 512) burn(length >> 6);
    const last = length - 8;
    for (let i = 0; i < last; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
    return load<u64>(a + last) == load<u64>(b + last);
  }
  if (length >= 4) {
    return load<u32>(a) == load<u32>(b) && load<u32>(a + length - 4) == load<u32>(b + length - 4);
  }
  if (length >= 2) {
    return load<u16>(a) == load<u16>(b) && load<u8>(a + length - 1) == load<u8>(b + length - 1);
  }
  return length == 0 || load<u8>(a) == load<u8>(b);
}

/** Byte order, which for UTF-8 is the order of code points; a prefix comes first. */
export function compareBytes(a: usize, aLength: i32, b: usize, bLength: i32): i32 {
  const both = aLength < bLength ? aLength : bLength;
  if (both > 512) burn(both >> 6);
  let i = 0;
  while (i + 8 <= both) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    if (x != y) return bswap<u64>(x) < bswap<u64>(y) ? -1 : 1;
    i += 8;
  }
  while (i < both) {
    const x = load<u8>(a + i);
    const y = load<u8>(b + i);
    if (x != y) return x < y ? -1 : 1;
    i++;
  }
  return aLength == bLength ? 0 : aLength < bLength ? -1 : 1;
}
