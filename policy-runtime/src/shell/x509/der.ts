/**
 * Reading DER (X.690) as Go's cryptobyte does: one element after the other, definite and
 * minimal lengths only, every length checked against what there is. What stands behind the
 * elements that were asked for is nobody's business but the caller's.
 */

export type DerNode = {
  readonly tag: number;
  /** Contents. */
  readonly bytes: Buffer;
  /** Tag, length and contents. */
  readonly raw: Buffer;
};

export type Bits = { readonly bytes: Buffer; readonly length: number };

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `[number]` of the context, primitive. */
export const context = (number: number): number => 0x80 | number;
/** `[number]` of the context, constructed. */
export const contextOf = (number: number): number => 0xa0 | number;

export class DerError extends Error {
  override readonly name = "DerError";
}

/** Arcs above are of nothing known; Go refuses them too. */
const ARC_MAX = 2 ** 31 - 1;

export class DerReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isEmpty(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Whether the next element has the tag. */
  isNext(tag: number): boolean {
    return this.#bytes[this.#at] === tag;
  }

  /** The next element; throws DerError with the words `what` where there is none. */
  any(what: string): DerNode {
    const bytes = this.#bytes;
    const at = this.#at;
    const tag = bytes[at];
    const first = bytes[at + 1];
    if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new DerError(what);
    let start = at + 2;
    let length = first;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0 || count > 4 || start + count > bytes.length) throw new DerError(what);
      length = bytes.readUIntBE(start, count);
      if (length < 0x80 || bytes[start] === 0) throw new DerError(what);
      start += count;
    }
    const end = start + length;
    if (end > bytes.length) throw new DerError(what);
    this.#at = end;
    return { tag, bytes: bytes.subarray(start, end), raw: bytes.subarray(at, end) };
  }

  read(tag: number, what: string): DerNode {
    const node = this.any(what);
    if (node.tag !== tag) throw new DerError(what);
    return node;
  }

  /** The next element where it has the tag. */
  optional(tag: number, what: string): DerNode | undefined {
    return this.isNext(tag) ? this.read(tag, what) : undefined;
  }

  /** A reader of the next element's contents. */
  into(tag: number, what: string): DerReader {
    return new DerReader(this.read(tag, what).bytes);
  }

  boolean(what: string): boolean {
    const { bytes } = this.read(TAG.boolean, what);
    if (bytes.length !== 1 || (bytes[0] !== 0 && bytes[0] !== 0xff)) throw new DerError(what);
    return bytes[0] !== 0;
  }

  integer(what: string, tag: number = TAG.integer): bigint {
    return integerOf(this.read(tag, what), what);
  }

  oid(what: string): readonly number[] {
    return arcsOf(this.read(TAG.oid, what), what);
  }

  bits(what: string): Bits {
    const { bytes } = this.read(TAG.bitString, what);
    const padding = bytes[0];
    const last = bytes.length > 1 ? (bytes.at(-1) as number) : 0;
    if (padding === undefined || padding > 7 || (bytes.length === 1 && padding !== 0)) throw new DerError(what);
    if ((last & ((1 << padding) - 1)) !== 0) throw new DerError(what);
    return { bytes: bytes.subarray(1), length: (bytes.length - 1) * 8 - padding };
  }
}

function integerOf({ bytes }: DerNode, what: string): bigint {
  const [first, second] = bytes;
  if (first === undefined) throw new DerError(what);
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new DerError(what); // not minimal
  }
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString("hex")}`));
}

function arcsOf({ bytes }: DerNode, what: string): readonly number[] {
  if (bytes.length === 0 || (bytes.at(-1) as number) >= 0x80) throw new DerError(what);
  const arcs: number[] = [];
  let value = 0;
  let isFirstByte = true;
  for (const byte of bytes) {
    if (isFirstByte && byte === 0x80) throw new DerError(what); // not minimal
    value = value * 128 + (byte & 0x7f);
    if (value > ARC_MAX) throw new DerError(what);
    isFirstByte = byte < 0x80;
    if (!isFirstByte) continue;
    if (arcs.length === 0) {
      const root = Math.min(2, Math.floor(value / 40));
      arcs.push(root, value - root * 40);
    } else arcs.push(value);
    value = 0;
  }
  return arcs;
}

/** The bits as bytes, shifted so that the unused ones stand in front. */
export function rightAligned({ bytes, length }: Bits): Buffer {
  const shift = (8 - (length % 8)) % 8;
  if (shift === 0) return bytes;
  return Buffer.from(bytes.map((byte, i) => (byte >> shift) | (i === 0 ? 0 : (bytes[i - 1] as number) << (8 - shift))));
}
