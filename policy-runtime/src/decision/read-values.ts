/**
 * Strict reading of a record's cells: a wrong type or a value out of its range is WrongType, with
 * the field's name. `at` is the cell's address, `what` what messages call it.
 */
import { parseDuration } from "@regomesh/base";
import { PAIR_BYTES, type RecordReader } from "../layout/record-reader.ts";
import { CELL_BYTES } from "../layout/record-shape.ts";
import type { Fields } from "./decision.ts";
import { WrongType } from "./wrong-type.ts";

/** Pairs that one decision may name. */
const FIELDS_MAX = 256;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
// RFC 9110 §5.5: visible characters, obs-text, space and tab; never CR, LF or NUL.
const VALUE = /^[\t\x20-\x7e\x80-\uffff]*$/;

/** The value, which must be there. */
export function required<T>(value: T | undefined, what: string, wanted: string): T {
  if (value === undefined) throw new WrongType(`${what} must be ${wanted}, not nothing`);
  return value;
}

export function integerAt(
  reader: RecordReader,
  at: number,
  what: string,
  [min, max]: readonly [min: number, max: number],
): number | undefined {
  const wanted = `an integer from ${min} to ${max}`;
  const value = reader.number(at, what, wanted);
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return value;
  throw new WrongType(`${what} must be ${wanted}, not ${value}`);
}

export function numberAt(
  reader: RecordReader,
  at: number,
  what: string,
  [min, max]: readonly [min: number, max: number],
): number | undefined {
  const wanted = `a number from ${min} to ${max}`;
  const value = reader.number(at, what, wanted);
  if (value === undefined || (value >= min && value <= max)) return value;
  throw new WrongType(`${what} must be ${wanted}, not ${value}`);
}

export const A_DURATION = 'a duration such as "500ms" or "2s"';

/** Milliseconds of a GEP-2257 duration. */
export function durationAt(reader: RecordReader, at: number, what: string): number | undefined {
  const text = reader.text(at, what, A_DURATION);
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined) throw new WrongType(`${what} must be ${A_DURATION}, not ${quoted(text)}`);
  return ms;
}

export function oneOfAt<Name extends string>(
  reader: RecordReader,
  at: number,
  what: string,
  names: readonly Name[],
): Name | undefined {
  const wanted = `one of ${names.join(", ")}`;
  const text = reader.text(at, what, wanted);
  if (text === undefined) return undefined;
  const found = names.find((name) => name === text);
  if (found === undefined) throw new WrongType(`${what} must be ${wanted}, not ${quoted(text)}`);
  return found;
}

export function textsAt(reader: RecordReader, at: number, what: string): readonly string[] | undefined {
  const list = reader.list(at, what);
  if (list === undefined) return undefined;
  return Array.from({ length: list.count }, (_, i) => {
    const item = `${what}[${i}]`;
    return required(reader.text(list.at + i * CELL_BYTES, item), item, "a string");
  });
}

/** Field names that are tokens, in lower case. */
export function fieldNamesAt(reader: RecordReader, at: number, what: string): readonly string[] | undefined {
  return textsAt(reader, at, what)?.map((name) => fieldName(name, what));
}

/** Fields of a head: names and values are checked, for they go into one. */
export function fieldsAt(reader: RecordReader, at: number, what: string): Fields | undefined {
  const pairs = pairsAt(reader, at, what);
  if (pairs === undefined) return undefined;
  if (pairs.length > FIELDS_MAX) throw new WrongType(`${what} has more than ${FIELDS_MAX} fields`);
  return pairs.map(([name, value]) => {
    if (!VALUE.test(value)) throw new WrongType(`${what}.${name} has a character that no field value may have`);
    return [fieldName(name, what), value];
  });
}

/** Names and values of any text. */
export function pairsAt(reader: RecordReader, at: number, what: string): Fields | undefined {
  const wanted = "an object of strings";
  const list = reader.list(at, what, wanted);
  if (list === undefined) return undefined;
  return Array.from({ length: list.count }, (_, i) => {
    const pair = list.at + i * PAIR_BYTES;
    const name = required(reader.text(pair, what, wanted), what, wanted);
    return [name, required(reader.text(pair + CELL_BYTES, `${what}.${name}`), what, wanted)] as const;
  });
}

function fieldName(name: string, what: string): string {
  if (!NAME.test(name)) throw new WrongType(`${what} names ${quoted(name)}, which is no field name`);
  return name.toLowerCase();
}

export function quoted(text: string): string {
  return JSON.stringify(text).slice(0, 80);
}
