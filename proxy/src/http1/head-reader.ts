/**
 * Reads one head after another (or trailer sections) from bytes that come in any pieces.
 * A head that lies whole in one piece is read in place; one that does not is gathered in
 * a buffer of the reader's own. A line is read when it is whole, and looked at at most
 * three times, so feeding byte by byte costs no more than a constant factor.
 */
import { CR, LF } from "./characters.ts";
import { FAULTS, type Fault } from "./fault.ts";
import { readFieldLines } from "./field-lines.ts";
import { FieldTable, Head, NO_BYTES } from "./head.ts";
import { type CodecLimits, KEPT_BYTES_MAX } from "./limits.ts";
import { LineMemory } from "./line-memory.ts";
import { LineRooms } from "./line-rooms.ts";
import { FAULTY, INCOMPLETE, refuse } from "./line-step.ts";
import { readRequestLine } from "./request-line.ts";
import { readStatusLine } from "./status-line.ts";

export type HeadKind = "request" | "response" | "trailers";
export const HeadStep = { needMore: 0, done: 1, fault: 2 } as const;
export type HeadStep = (typeof HeadStep)[keyof typeof HeadStep];

/** First size of the gathering buffer: most heads fit. */
const GATHERED_AT_FIRST = 2048;

/**
 * Of a head that is read in place: it is dealt with before its bytes are reused, and so before another of its kind is
 * read. Trailers may be kept longer, and so may what is gathered.
 */
export const LENT: Readonly<Record<HeadKind, FieldTable | undefined>> = {
  request: new FieldTable(),
  response: new FieldTable(),
  trailers: undefined,
};

const ROOMS = new LineRooms();

export class HeadReader {
  readonly head = new Head();
  /** Position in the bytes fed last, behind what was taken from them. */
  at = 0;
  readonly #kind: HeadKind;
  readonly #lent: FieldTable | undefined;
  readonly #limits: CodecLimits;
  readonly #bytesMax: number;
  readonly #fieldsMax: number;
  #gathered: Uint8Array = NO_BYTES;
  #gatheredBytes = 0;
  /** Start of the line that is not read yet, and how far its end was looked for. */
  #line = 0;
  #scanned = 0;
  #isLineRead = false;
  #emptyLines = 0;
  /** Of trailers there is none: hardly any message has some. */
  readonly #memory: LineMemory | undefined;

  constructor(kind: HeadKind, limits: CodecLimits) {
    this.#kind = kind;
    this.#lent = LENT[kind];
    this.#limits = limits;
    this.#bytesMax = kind === "trailers" ? limits.trailerBytesMax : limits.headBytesMax;
    this.#fieldsMax = kind === "trailers" ? limits.trailersMax : limits.fieldsMax;
    this.#memory = kind === "trailers" ? undefined : new LineMemory(ROOMS);
  }

  /** Whether a head has begun and is not whole. */
  get isPending(): boolean {
    return this.#gatheredBytes > 0 && (this.#isLineRead || this.#gatheredBytes > this.#line);
  }

  /** No more bytes come: what is wrong with a head that is not whole, besides that. */
  finish(): Fault {
    const next = this.#gatheredBytes > this.#line ? this.#readLines(this.#gatheredBytes) : INCOMPLETE;
    return next === FAULTY && this.head.fault !== undefined ? this.head.fault : FAULTS.incomplete;
  }

  /** Takes bytes[at, end) up to the end of the head. */
  feed(bytes: Uint8Array, at: number, end: number): HeadStep {
    if (this.#gatheredBytes > 0) return this.#feedGathered(bytes, at, end);
    this.#begin(bytes, at);
    const next = this.#read(at, end);
    if (next >= 0) return this.#finish(next);
    if (next === FAULTY) return HeadStep.fault;
    this.#gather(bytes, at, end);
    this.#begin(this.#gathered, 0);
    this.#read(0, this.#gatheredBytes);
    this.at = end;
    return HeadStep.needMore;
  }

  /** More is kept of the head than should be once it is dealt with. */
  get isLarge(): boolean {
    return this.#gathered.length > KEPT_BYTES_MAX;
  }

  /** The head that was read is dealt with: nothing large is kept of it. */
  rest(): void {
    if (this.#gatheredBytes > 0 || !this.isLarge) return;
    this.#gathered = NO_BYTES;
    this.head.reset(NO_BYTES, 0);
  }

  /** No further head comes. */
  close(): void {
    this.#memory?.close();
  }

  #feedGathered(bytes: Uint8Array, at: number, end: number): HeadStep {
    const before = this.#gatheredBytes;
    const taken = Math.min(end, at + this.#bytesMax - before);
    this.#gather(bytes, at, taken);
    this.head.bytes = this.#gathered;
    this.at = taken;
    const next = this.#read(0, this.#gatheredBytes);
    if (next >= 0) {
      this.#finish(next);
      this.at = at + next - before;
      this.#gatheredBytes = 0;
      return HeadStep.done;
    }
    return next === FAULTY ? HeadStep.fault : HeadStep.needMore;
  }

  #begin(bytes: Uint8Array, start: number): void {
    const lent = this.#lent;
    if (lent === undefined || bytes === this.#gathered) this.head.own();
    else this.head.borrow(lent);
    this.head.reset(bytes, start);
    this.#line = start;
    this.#scanned = start;
    this.#isLineRead = this.#kind === "trailers";
    this.#emptyLines = 0;
    this.#memory?.begin();
  }

  #finish(next: number): HeadStep {
    this.head.end = next;
    this.at = next;
    this.#line = 0;
    return HeadStep.done;
  }

  /** Reads lines of head.bytes[start, end) from where it stopped; no head goes beyond its limit. */
  #read(start: number, end: number): number {
    const { head } = this;
    const limit = Math.min(end, start + this.#bytesMax);
    const isFull = limit === start + this.#bytesMax;
    if (this.#scanned > this.#line && !isFull && !hasLineEnd(head.bytes, this.#scanned, limit)) {
      this.#scanned = limit;
      return INCOMPLETE;
    }
    const next = this.#readLines(limit);
    if (next !== INCOMPLETE) return next;
    if (isFull) return refuse(head, this.#kind === "trailers" ? FAULTS["trailers-long"] : FAULTS["head-long"]);
    this.#scanned = limit;
    return INCOMPLETE;
  }

  #readLines(limit: number): number {
    const { head } = this;
    if (!this.#isLineRead) {
      if (!this.#skipEmptyLines(limit)) return head.fault === undefined ? INCOMPLETE : FAULTY;
      const next =
        this.#kind === "request"
          ? readRequestLine(head, this.#line, limit, this.#limits)
          : readStatusLine(head, this.#line, limit);
      if (next < 0) return next;
      this.#line = next;
      this.#isLineRead = true;
    }
    const memory = this.#memory;
    const next = readFieldLines(head, this.#line, limit, this.#fieldsMax, this.#kind === "response", memory);
    if (next === INCOMPLETE) this.#line = head.end;
    else if (next >= 0) memory?.settle(head, next);
    if (next === FAULTY && head.fault === FAULTS["fields-many"] && this.#kind === "trailers") {
      head.fault = FAULTS["trailers-long"];
    }
    return next;
  }

  /** False where the bytes end before the start line begins, or with a fault. */
  #skipEmptyLines(limit: number): boolean {
    const { head } = this;
    const { bytes } = head;
    while (this.#line < limit) {
      const first = bytes[this.#line];
      if (first !== CR && first !== LF) return true;
      if (first === CR && this.#line + 1 === limit) return false;
      if (first === LF || bytes[this.#line + 1] !== LF) head.fault = FAULTS["line-end"];
      else if (++this.#emptyLines > this.#limits.emptyLinesMax) head.fault = FAULTS["empty-lines"];
      if (head.fault !== undefined) return false;
      this.#line += 2;
    }
    return false;
  }

  #gather(bytes: Uint8Array, at: number, end: number): void {
    const length = this.#gatheredBytes + end - at;
    if (length > this.#gathered.length) {
      let size = Math.max(this.#gathered.length, GATHERED_AT_FIRST);
      while (size < length) size *= 2;
      const gathered = new Uint8Array(size);
      gathered.set(this.#gathered.subarray(0, this.#gatheredBytes));
      this.#gathered = gathered;
    }
    this.#gathered.set(bytes.subarray(at, end), this.#gatheredBytes);
    this.#gatheredBytes = length;
  }
}

function hasLineEnd(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === LF) return true;
  return false;
}
