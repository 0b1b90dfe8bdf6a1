/** Escaping of a query's names and values (application/x-www-form-urlencoded, as Go's url.QueryEscape). */
import { putByte } from "../buffer";
import { burn } from "../failure";
import { stringLen, stringPtr } from "../value/value";

export function writeQueryEscaped(buffer: usize, value: usize): void {
  const length = stringLen(value);
  burn(length >> 3);
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(stringPtr(value) + i);
    const isPlain =
      byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 26 || byte == 0x2d || byte == 0x5f || byte == 0x2e || byte == 0x7e;
    if (isPlain) putByte(buffer, byte);
    else if (byte == 0x20) putByte(buffer, 0x2b);
    else {
      putByte(buffer, 0x25);
      putByte(buffer, upperDigit(byte >> 4));
      putByte(buffer, upperDigit(byte & 15));
    }
  }
}

function upperDigit(n: u32): u32 {
  return n < 10 ? 0x30 + n : 0x37 + n;
}
