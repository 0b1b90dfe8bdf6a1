/**
 * The Huffman code of HPACK (RFC 7541, section 5.2 and appendix B). The code is canonical:
 * codes of one length are in the order of their symbols, so that the lengths say everything.
 *
 * Decoding goes by half bytes through a table of states, a state being a node of the code's tree:
 *
 *     next[state * 16 + nibble]   state << 16 | flags << 8 | symbol
 */

/** Bits of the code of each byte. */
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26,
] as const;
/** The same where each byte of a text is looked up. */
const BITS = Uint8Array.from(LENGTHS);
const HALF_BITS = 16;
const EOS = 256;
const EOS_LENGTH = 30;
const PADDING_BITS_MAX = 7;

const EMITS = 1 << 8;
const FAILS = 2 << 8;

type Node = { readonly children: (Node | number)[]; readonly depth: number; readonly isOnes: boolean };

const CODES = canonicalCodes();
const { next: NEXT, isEnd: IS_END } = makeStates();

/** Decoded bytes of `count` encoded ones at most: the shortest code has 5 bits. */
export function decodedBytesMax(count: number): number {
  return Math.floor((count * 8) / 5);
}

/** Decodes bytes[start, end) to out[at…], which has room; where it ends, or -1 where it is no Huffman code. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let state = 0;
  for (let from = start; from < end; from++) {
    const byte = bytes[from]!;
    const high = NEXT[state * 16 + (byte >> 4)]!;
    if ((high & EMITS) !== 0) out[at++] = high;
    const low = NEXT[(high >> 16) * 16 + (byte & 15)]!;
    if ((low & EMITS) !== 0) out[at++] = low;
    if (((high | low) & FAILS) !== 0) return -1;
    state = low >> 16;
  }
  return IS_END[state] === 1 ? at : -1;
}

/** Bytes that bytes[start, end) take encoded. */
export function huffmanBytes(bytes: Uint8Array, start: number, end: number): number {
  let bits = 0;
  for (let at = start; at < end; at++) bits += BITS[bytes[at]!]!;
  return (bits + 7) >> 3;
}

/** Encodes bytes[start, end) to out[at…], which has room; where it ends. */
export function encodeHuffman(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let held = 0; // bits in `value` that are not written yet, below 8
  let value = 0;
  for (let from = start; from < end; from++) {
    const byte = bytes[from]!;
    let code = CODES[byte]!;
    let length = BITS[byte]!;
    if (length > HALF_BITS) {
      // What nobody writes often is put in two halves: both together would not fit.
      length -= HALF_BITS;
      value = (value << length) | (code >>> HALF_BITS);
      for (held += length; held >= 8; held -= 8) out[at++] = value >>> (held - 8);
      value &= (1 << held) - 1;
      code &= (1 << HALF_BITS) - 1;
      length = HALF_BITS;
    }
    value = (value << length) | code;
    for (held += length; held >= 8; held -= 8) out[at++] = value >>> (held - 8);
    value &= (1 << held) - 1;
  }
  if (held > 0) out[at++] = (value << (8 - held)) | (0xff >> held); // padded with ones
  return at;
}

function canonicalCodes(): readonly number[] {
  const codes: number[] = [];
  const bySize = [...LENGTHS.entries()].sort(([a, la], [b, lb]) => la - lb || a - b);
  let code = 0;
  let length = bySize[0]?.[1] ?? 0;
  for (const [symbol, size] of bySize) {
    code <<= size - length;
    length = size;
    codes[symbol] = code++;
  }
  return codes;
}

function makeStates(): { readonly next: Int32Array; readonly isEnd: Uint8Array } {
  const root: Node = { children: [], depth: 0, isOnes: true };
  const nodes: Node[] = [root];
  const insert = (symbol: number, code: number, length: number): void => {
    let node = root;
    for (let bit = length - 1; bit > 0; bit--) {
      const side = (code >>> bit) & 1;
      let child = node.children[side];
      if (child === undefined) {
        child = { children: [], depth: node.depth + 1, isOnes: node.isOnes && side === 1 };
        node.children[side] = child;
        nodes.push(child);
      }
      node = child as Node;
    }
    node.children[code & 1] = symbol;
  };
  for (const [symbol, code] of CODES.entries()) insert(symbol, code, LENGTHS[symbol]!);
  insert(EOS, 2 ** EOS_LENGTH - 1, EOS_LENGTH);
  const numberOf = new Map(nodes.map((node, i) => [node, i]));
  const next = new Int32Array(nodes.length * 16);
  nodes.forEach((start, i) => {
    for (let nibble = 0; nibble < 16; nibble++) next[i * 16 + nibble] = stepFrom(start, nibble, root, numberOf);
  });
  // What is left at the end is padding: fewer than 8 bits, all ones.
  const isEnd = Uint8Array.from(nodes, ({ depth, isOnes }) => (isOnes && depth <= PADDING_BITS_MAX ? 1 : 0));
  return { next, isEnd };
}

function stepFrom(start: Node, nibble: number, root: Node, numberOf: ReadonlyMap<Node, number>): number {
  let node = start;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const child = node.children[(nibble >>> bit) & 1];
    if (child === undefined || child === EOS) return FAILS;
    if (typeof child === "number") {
      emitted = EMITS | child; // the shortest code has 5 bits: at most one a half byte
      node = root;
    } else node = child;
  }
  return ((numberOf.get(node) ?? 0) << 16) | emitted;
}
