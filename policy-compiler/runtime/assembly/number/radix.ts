/** Integers as text in base 2, 8, 10 or 16. */
import { putByte } from "../buffer";
import { burn } from "../failure";
import { isMinus, magnitudeOf, writeInteger } from "./integer";
import { bitAt, bitLength } from "./natural";

/** Lower-case digits, without a prefix. */
export function writeRadix(buffer: usize, integer: usize, radix: i32): void {
  if (radix == 10) {
    writeInteger(buffer, integer);
    return;
  }
  if (isMinus(integer)) putByte(buffer, 0x2d);
  const magnitude = magnitudeOf(integer);
  const width = radix == 2 ? 1 : radix == 8 ? 3 : 4;
  const digits = (bitLength(magnitude) + width - 1) / width;
  burn(digits >> 4);
  if (digits == 0) putByte(buffer, 0x30);
  for (let i = digits - 1; i >= 0; i--) {
    let digit: u32 = 0;
    for (let bit = width - 1; bit >= 0; bit--) digit = (digit << 1) | bitAt(magnitude, i * width + bit);
    putByte(buffer, digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
}
