/**
 * A message head as offsets into the bytes it was read from. One record is reused for
 * every message of a connection: a reader writes it, everyone else only reads it, and
 * it holds until the reader is asked for the next message or its bytes are reused.
 *
 *     spans:  4 numbers a field: name start, name end, value start, value end (OWS trimmed)
 *     names:  its KnownField
 *     marks:  1 where it is not forwarded: a Connection field names it, or it would be taken for another
 */

import type { KnownField } from "@regomesh/policy-runtime";
import { textOf } from "./characters.ts";
import type { Fault } from "./fault.ts";
import { Method } from "./method.ts";

/** How the content of a message is delimited (RFC 9112, section 6.3). */
export const Framing = { none: 0, length: 1, chunked: 2, close: 3 } as const;
export type Framing = (typeof Framing)[keyof typeof Framing];

/** Forms of a request target (RFC 9112, section 3.2); authority-form is refused. */
export const TargetForm = { origin: 0, absolute: 1, asterisk: 2 } as const;
export type TargetForm = (typeof TargetForm)[keyof typeof TargetForm];

export const NO_BYTES = new Uint8Array(0);
const NO_SPANS = new Int32Array(0);
/** Of a head that is read; a connection that says nothing has room for none. */
const FIELDS_AT_FIRST = 32;

/** Where fields are noted of one head after the other, whichever connection's: so it is always at hand. */
export class FieldTable {
  spans: Int32Array = NO_SPANS;
  names: Uint8Array = NO_BYTES;
  marks: Uint8Array = NO_BYTES;
}

export class Head {
  bytes: Uint8Array = NO_BYTES;
  /** From the first byte of the start line to behind the empty line. */
  start = 0;
  end = 0;

  // A request's line.
  method: Method = Method.other;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  targetForm: TargetForm = TargetForm.origin;
  /** Path and query: the target without scheme and authority; empty where an absolute target has none. */
  pathStart = 0;
  pathEnd = 0;

  // A response's line.
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;

  /** Of HTTP/1.x: 0 or 1. */
  minor = 1;
  /** It came over HTTP/2, whose heads read as those of HTTP/1.1; of all that one reader reads. */
  readonly isHttp2: boolean;

  // Fields.
  fieldCount = 0;
  spans: Int32Array = NO_SPANS;
  names: Uint8Array = NO_BYTES;
  marks: Uint8Array = NO_BYTES;
  /** Whose `spans`, `names` and `marks` are; undefined where they are its own. */
  #lent: FieldTable | undefined = undefined;
  /** Masks of the known fields that are there, and that are there more than once. */
  present = 0;
  repeated = 0;

  // What the fields mean.
  /** Authority: the absolute target's, otherwise the Host field's; empty on an HTTP/1.0 request without. */
  authorityStart = 0;
  authorityEnd = 0;
  framing: Framing = Framing.none;
  /** Bytes of content where framing is `length`. */
  contentLength = 0;
  /** Whether the connection may carry a further message, as far as this message says. */
  keepAlive = true;
  /** The client waits for 100 (Continue) before it sends content. */
  expectsContinue = false;
  /** Some field is marked. */
  hasMarks = false;
  /** Its lines are not as they should be, and are written anew rather than copied. */
  isLoose = false;
  /** Max-Forwards of OPTIONS and TRACE; -1 where there is none. */
  maxForwards = -1;

  /** What is wrong, where reading it ended in a fault. */
  fault: Fault | undefined = undefined;

  constructor(isHttp2 = false) {
    this.isHttp2 = isHttp2;
  }

  /** Index of the first field of this kind, or -1. */
  indexOf(field: KnownField): number {
    if ((this.present & (1 << field)) === 0) return -1;
    for (let index = 0; index < this.fieldCount; index++) if (this.names[index] === field) return index;
    return -1;
  }

  nameText(index: number): string {
    return textOf(this.bytes, this.spans[index * 4]!, this.spans[index * 4 + 1]!);
  }

  valueText(index: number): string {
    return textOf(this.bytes, this.spans[index * 4 + 2]!, this.spans[index * 4 + 3]!);
  }

  methodText(): string {
    return textOf(this.bytes, this.start, this.methodEnd);
  }

  targetText(): string {
    return textOf(this.bytes, this.targetStart, this.targetEnd);
  }

  pathText(): string {
    return textOf(this.bytes, this.pathStart, this.pathEnd);
  }

  authorityText(): string {
    return textOf(this.bytes, this.authorityStart, this.authorityEnd);
  }

  reasonText(): string {
    return textOf(this.bytes, this.reasonStart, this.reasonEnd);
  }

  /** For readers: forgets the fields and what they meant. */
  reset(bytes: Uint8Array, start: number): void {
    this.bytes = bytes;
    this.start = start;
    this.fieldCount = 0;
    this.present = 0;
    this.repeated = 0;
    this.fault = undefined;
    // Of a head that proves to be none nothing is known, least of all what the one before it was.
    this.method = Method.other;
    this.minor = 1;
    this.authorityStart = 0;
    this.authorityEnd = 0;
    this.framing = Framing.none;
    this.contentLength = 0;
    this.keepAlive = true;
    this.expectsContinue = false;
    this.hasMarks = false;
    this.isLoose = false;
    this.maxForwards = -1;
  }

  /** For readers: its fields are noted in `table`, and hold until the next head is read into that. */
  borrow(table: FieldTable): void {
    this.#lent = table;
    this.#take(table);
  }

  /** For readers: its fields are noted in a table of its own, and hold as long as its bytes. */
  own(): void {
    if (this.#lent === undefined) return;
    this.#lent = undefined;
    this.#take(new FieldTable());
  }

  #take({ spans, names, marks }: FieldTable): void {
    this.spans = spans;
    this.names = names;
    this.marks = marks;
  }

  /** The field at `index` is not forwarded. */
  withhold(index: number): void {
    this.marks[index] = 1;
    this.hasMarks = true;
  }

  /** For readers: room for one more field. */
  reserve(): void {
    if (this.fieldCount < this.names.length) return;
    const fields = Math.max(FIELDS_AT_FIRST, this.names.length * 2);
    const table = this.#lent ?? new FieldTable();
    table.spans = new Int32Array(fields * 4);
    table.spans.set(this.spans);
    table.names = new Uint8Array(fields);
    table.names.set(this.names);
    table.marks = new Uint8Array(fields);
    table.marks.set(this.marks);
    this.#take(table);
  }
}

/** The trailers of a message that has none, as nearly all: one for all of them. Nobody writes to it. */
export const NO_TRAILERS = new Head();
