/**
 * Field lines (RFC 9112, section 5) up to and including the empty line, of heads and
 * trailer sections alike. One pass over each byte: names must be tokens directly before
 * the colon, values hold no control character, lines end with CR LF, nothing is folded.
 * Of a response, which nobody can smuggle a request in, blanks before the colon are removed
 * (section 5.1) and a bare LF ends a line (section 2.2), as old servers send them; such a
 * head is marked, and written anew.
 */
import { KnownField } from "@regomesh/policy-runtime";
import { COLON, CR, HTAB, IS_TOKEN, LF, SP } from "./characters.ts";
import { FAULTS } from "./fault.ts";
import type { Head } from "./head.ts";
import { DISGUISED, recogniseField } from "./known-field.ts";
import type { LineMemory } from "./line-memory.ts";
import { INCOMPLETE, refuse } from "./line-step.ts";
import { skipValue } from "./words.ts";

/**
 * Reads lines from `start`. Behind the empty line is what is returned; where the bytes end
 * before, INCOMPLETE, and `head.end` is the start of the line that is not whole. Lines that `memory` knows are
 * not read again.
 */
export function readFieldLines(
  head: Head,
  start: number,
  limit: number,
  fieldsMax: number,
  isResponse: boolean,
  memory?: LineMemory,
): number {
  const { bytes } = head;
  let at = start;
  for (;;) {
    if (memory !== undefined) at = memory.recall(head, at, limit, fieldsMax);
    const line = at;
    head.end = line;
    if (at === limit) return INCOMPLETE;
    const first = bytes[at]!;
    if (first === LF && isResponse) {
      head.isLoose = true;
      return at + 1;
    }
    if (first === CR) {
      if (at + 1 === limit) return INCOMPLETE;
      return bytes[at + 1] === LF ? at + 2 : refuse(head, FAULTS["line-end"]);
    }
    while (at < limit && IS_TOKEN[bytes[at]!] === 1) at++;
    if (at === limit) return INCOMPLETE;
    const nameEnd = at;
    if (isResponse && at > line && isBlank(bytes[at]!)) {
      while (at < limit && isBlank(bytes[at]!)) at++;
      if (at === limit) return INCOMPLETE;
      head.isLoose = true;
    }
    if (bytes[at] !== COLON || at === line) return refuseName(head, line, at);
    at++;
    while (at < limit && (bytes[at] === SP || bytes[at] === HTAB)) at++;
    const value = at;
    at = skipValue(bytes, at, limit);
    if (at === limit) return INCOMPLETE;
    let valueEnd = at;
    if (bytes[at] === LF && isResponse) {
      head.isLoose = true;
      at--;
    } else {
      if (bytes[at] !== CR) return refuse(head, bytes[at] === LF ? FAULTS["line-end"] : FAULTS["field-value"]);
      if (at + 1 === limit) return INCOMPLETE;
      if (bytes[at + 1] !== LF) return refuse(head, FAULTS["line-end"]);
    }
    while (valueEnd > value && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) valueEnd--;
    at += 2;
    if (head.fieldCount === fieldsMax) return refuse(head, FAULTS["fields-many"]);
    addField(head, line, nameEnd, value, valueEnd);
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

/** Notes one more field of a head whose bytes are there; for every codec that composes heads. */
export function addField(head: Head, name: number, nameEnd: number, value: number, valueEnd: number): void {
  const field = recogniseField(head.bytes, name, nameEnd);
  noteField(head, name, nameEnd, value, valueEnd, Math.max(field, KnownField.other));
  // An application that makes variables of fields would take it for one that the mesh vouches for.
  if (field === DISGUISED) head.withhold(head.fieldCount - 1);
}

/** As addField, of one that is known to be this field, and no other's disguise. */
export function noteField(
  head: Head,
  name: number,
  nameEnd: number,
  value: number,
  valueEnd: number,
  field: number,
): void {
  head.reserve();
  const index = head.fieldCount++;
  const { spans } = head;
  spans[index * 4] = name;
  spans[index * 4 + 1] = nameEnd;
  spans[index * 4 + 2] = value;
  spans[index * 4 + 3] = valueEnd;
  head.names[index] = field;
  head.marks[index] = 0;
  if (field <= KnownField.other) return;
  const bit = 1 << field;
  head.repeated |= head.present & bit;
  head.present |= bit;
}

function refuseName(head: Head, line: number, at: number): number {
  const byte = head.bytes[at];
  if (byte === LF || (byte === CR && at > line)) return refuse(head, FAULTS["line-end"]);
  if (at === line && (byte === SP || byte === HTAB)) return refuse(head, FAULTS["field-fold"]);
  return refuse(head, FAULTS["field-name"]);
}
