/** Hexadecimal digits. */
import { advance, reserve } from "../buffer";
import { burn } from "../failure";

/** Two lower-case digits a byte. */
export function writeHexBytes(buffer: usize, ptr: usize, length: i32): void {
  burn(length >> 5);
  const to = reserve(buffer, length << 1);
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(ptr + i);
    store<u8>(to + (i << 1), hexDigit(byte >> 4));
    store<u8>(to + (i << 1) + 1, hexDigit(byte & 15));
  }
  advance(buffer, length << 1);
}

export function hexDigit(n: u32): u8 {
  return <u8>(n < 10 ? 0x30 + n : 0x57 + n);
}

/** Value of a digit in either case, or -1. */
export function hexValue(byte: u32): i32 {
  if (byte - 0x30 <= 9) return <i32>byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? <i32>letter + 10 : -1;
}
