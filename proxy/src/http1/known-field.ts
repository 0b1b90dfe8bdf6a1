/** Recognises, while a head is read, the fields that have a number of their own; sets of them are bit masks. */
import { KNOWN_FIELDS, KnownField } from "@regomesh/policy-runtime";
import { asciiBytes, isSameVariable } from "./characters.ts";
import { WORD_BYTES, wordAt } from "./words.ts";

export function bitOf(field: KnownField): number {
  return 1 << field;
}

export function maskOf(...fields: readonly KnownField[]): number {
  return fields.reduce<number>((mask, field) => mask | bitOf(field), 0);
}

/** Fields that concern one connection, whether Connection names them or not (RFC 9110, section 7.6.1, and older practice). */
export const HOP_BY_HOP = maskOf(
  KnownField.connection,
  KnownField.keepAlive,
  KnownField.proxyConnection,
  KnownField.upgrade,
  KnownField.te,
  KnownField.http2Settings,
  KnownField.proxyAuthenticate,
  KnownField.proxyAuthorization,
);

/** Fields that a message's meaning rests on: a Connection that names them is an attack. */
export const NEVER_NOMINATED = maskOf(
  KnownField.host,
  KnownField.contentLength,
  KnownField.transferEncoding,
  KnownField.trailer,
);

type Candidate = {
  readonly name: Uint8Array;
  readonly field: KnownField;
  /** The name's words, the last of them over its last bytes; none where it is shorter than one. */
  readonly words: Int32Array;
};

/** Known names by length, first and last letter; nearly every other name finds an empty place. */
const PLACES = 256;
const BY_PLACE: readonly (Candidate | undefined)[] = byPlace();

/** The known field whose name the token (not empty) is, or `other`. */
export function knownField(bytes: Uint8Array, start: number, end: number): KnownField {
  const field = recogniseField(bytes, start, end);
  return field < 0 ? KnownField.other : (field as KnownField);
}

/** As `knownField`, or DISGUISED where the token is another that reads as a known one's name where hyphens became underscores. */
export function recogniseField(bytes: Uint8Array, start: number, end: number): number {
  const candidate = BY_PLACE[placeOf(end - start, bytes[start]!, bytes[end - 1]!)];
  if (candidate === undefined) return KnownField.other;
  if (isNamed(bytes, start, end, candidate)) return candidate.field;
  return isSameVariable(bytes, start, end, candidate.name) ? DISGUISED : KnownField.other;
}

export const DISGUISED = -1;

/**
 * Whether the token is the candidate's name when letter case is ignored. Of the bytes that a
 * token may have, none but the letter's other case becomes a letter, digit or hyphen by this bit.
 */
function isNamed(bytes: Uint8Array, start: number, end: number, { name, words }: Candidate): boolean {
  const length = end - start;
  if (length !== name.length) return false;
  const last = words.length - 1;
  for (let index = 0; index < last; index++) {
    if ((wordAt(bytes, start + index * WORD_BYTES) | LOWER_CASE) !== words[index]) return false;
  }
  if (last >= 0) return (wordAt(bytes, end - WORD_BYTES) | LOWER_CASE) === words[last];
  for (let at = 0; at < length; at++) if ((bytes[start + at]! | 0x20) !== name[at]) return false;
  return true;
}

const LOWER_CASE = 0x20202020;

function wordsOf(name: Uint8Array): Int32Array {
  const count = name.length < WORD_BYTES ? 0 : Math.ceil(name.length / WORD_BYTES);
  const start = (index: number) => Math.min(index * WORD_BYTES, name.length - WORD_BYTES);
  return Int32Array.from({ length: count }, (_, index) => wordAt(name, start(index)));
}

function placeOf(length: number, first: number, last: number): number {
  return (length * 37 + (first | 0x20) * 5 + (last | 0x20) * 11) & (PLACES - 1);
}

function byPlace(): (Candidate | undefined)[] {
  const table: (Candidate | undefined)[] = Array.from({ length: PLACES }, () => undefined);
  for (const [text, field] of KNOWN_FIELDS) {
    const name = asciiBytes(text);
    const place = placeOf(name.length, name[0]!, name.at(-1)!);
    if (table[place] !== undefined) throw new Error(`${text} shares its place: change placeOf`);
    table[place] = { name, field, words: wordsOf(name) };
  }
  return table;
}
