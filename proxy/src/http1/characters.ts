/**
 * Character classes of RFC 9110 and 9112 as tables by byte: 1 where the byte belongs.
 * One load a byte is what the codec's speed rests on.
 */
export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;

const DIGITS = "0123456789";
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** RFC 9110, section 5.6.2: tchar. */
export const IS_TOKEN = tableOf(`!#$%&'*+-.^_\`|~${DIGITS}${LETTERS}`);

/** RFC 9110, section 5.5: VCHAR, obs-text, SP and HTAB: what a field value may hold. */
export const IS_VALUE = tableWhere((byte) => byte === HTAB || (byte >= SP && byte !== 0x7f));

/**
 * What a request target may hold: visible ASCII. RFC 3986 also forbids `"<>\^`{|}`, which
 * clients do send; backslash and `#` are the path's business (proxy/src/path).
 */
export const IS_TARGET = tableWhere((byte) => byte > SP && byte < 0x7f);

/** RFC 3986, section 3.2.2: reg-name without percent-encoding, which no host name needs and decoders differ on. */
export const IS_HOST = tableOf(`-._~!$&'()*+,;=${DIGITS}${LETTERS}`);

/** What may stand between the brackets of an IP literal. */
export const IS_IP_LITERAL = tableOf(`:.${DIGITS}abcdefABCDEF`);

/** Value of a hexadecimal digit, 255 for any other byte. */
export const HEX_VALUE = hexValues();

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** ASCII letters to lower case, every other byte as it is. */
const HYPHEN = 0x2d;
const UNDERSCORE = 0x5f;

export function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** ASCII text as bytes. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** A span as a string, a character a byte (latin-1): for logs and tests, never on the fast path. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

/** Whether a span equals `word` (lower case) when letter case is ignored. */
export function equalsFolded(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false;
  for (let at = 0; at < word.length; at++) {
    const byte = bytes[start + at]!;
    if (byte !== word[at] && lower(byte) !== word[at]) return false;
  }
  return true;
}

/**
 * Whether a span is the field name `name` (lower case, with hyphens), or what servers that make
 * variables of fields cannot tell from it: a hyphen may have become an underscore.
 */
export function isSameVariable(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let at = 0; at < name.length; at++) {
    const byte = bytes[start + at]!;
    if ((byte === UNDERSCORE ? HYPHEN : lower(byte)) !== name[at]) return false;
  }
  return true;
}

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

function tableWhere(belongs: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (belongs(byte) ? 1 : 0));
}

function hexValues(): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  for (let value = 0; value < 16; value++) {
    const digit = value.toString(16);
    table[digit.charCodeAt(0)] = value;
    table[digit.toUpperCase().charCodeAt(0)] = value;
  }
  return table;
}
