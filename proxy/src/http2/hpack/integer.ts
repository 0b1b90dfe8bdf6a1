/** Integers with a prefix (RFC 7541, section 5.1). */

/** More is no index, length or table size that anybody means: 4 bytes behind the prefix. */
const VALUE_MAX = 0x0fffffff;

const IntegerFault = { incomplete: -1, tooLarge: -2 } as const;

/** Reads one integer after the other; where it ended stands in `at`. */
export class IntegerReader {
  at = 0;

  /** The value whose prefix of `bits` bits is in bytes[start], or an IntegerFault. */
  read(bytes: Uint8Array, start: number, end: number, bits: number): number {
    const most = (1 << bits) - 1;
    let value = bytes[start]! & most;
    let at = start + 1;
    if (value === most) {
      for (let shift = 0; ; shift += 7) {
        if (at >= end) return IntegerFault.incomplete;
        const byte = bytes[at++]!;
        // A fifth byte could only be zeros that lengthen the same number.
        if (shift > 21) return IntegerFault.tooLarge;
        value += (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      if (value > VALUE_MAX) return IntegerFault.tooLarge;
    }
    this.at = at;
    return value;
  }
}

/** Bytes of an integer at most. */
export const INTEGER_BYTES_MAX = 6;

/** Writes `value` with a prefix of `bits` bits below `pattern`; where it ends. */
export function writeInteger(bytes: Uint8Array, at: number, value: number, bits: number, pattern: number): number {
  const most = (1 << bits) - 1;
  if (value < most) {
    bytes[at] = pattern | value;
    return at + 1;
  }
  bytes[at++] = pattern | most;
  let rest = value - most;
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at] = rest;
  return at + 1;
}
