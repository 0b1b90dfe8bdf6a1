/** Bytes of a file as its text. What is no UTF-8 is kept in mind: whoever reads the text on refuses it at its place. */

const REPLACEMENT = "\uFFFD";

export type DecodedText = {
  readonly text: string;
  /** Where in the text the first bytes stood that are no UTF-8; it has U+FFFD there. */
  readonly illegalAt?: number;
};

/** A byte order mark stays in the text. */
export function decodeText(bytes: Uint8Array): DecodedText {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    return { text, illegalAt: illegalOffset(bytes, text) };
  }
}

/** Of the first U+FFFD that the bytes do not have. */
function illegalOffset(bytes: Uint8Array, text: string): number {
  const encoder = new TextEncoder();
  let from = 0;
  let byte = 0;
  for (let at = text.indexOf(REPLACEMENT); at >= 0; at = text.indexOf(REPLACEMENT, from)) {
    byte += encoder.encode(text.slice(from, at)).length;
    if (bytes[byte] !== 0xef || bytes[byte + 1] !== 0xbf || bytes[byte + 2] !== 0xbd) return at;
    byte += 3;
    from = at + 1;
  }
  return text.length;
}
