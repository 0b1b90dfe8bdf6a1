/**
 * Heads as HTTP/1.1's text: read in place by the readers that HTTP/1.1 has, as strictly, and to
 * the last byte of their block. Nothing is kept from one to the next but what was found of lines that come again, so
 * that a wrong one ends its stream alone.
 */
import { FAULTS } from "../http1/fault.ts";
import { readFieldLines } from "../http1/field-lines.ts";
import { Head, NO_BYTES } from "../http1/head.ts";
import type { CodecLimits } from "../http1/limits.ts";
import { LineMemory } from "../http1/line-memory.ts";
import type { Method } from "../http1/method.ts";
import { readRequestLine } from "../http1/request-line.ts";
import { readStatusLine } from "../http1/status-line.ts";
import { type BlockKind, type HeadDecoding, type HeadFault, malformed, refused, settleHead } from "./head-coding.ts";

export class RawHeads implements HeadDecoding {
  readonly head = new Head(true);
  fault: HeadFault | undefined = undefined;
  /** Its bytes are its block's. */
  readonly isLarge = false;
  readonly #limits: CodecLimits;
  readonly #memory = new LineMemory();

  constructor(limits: CodecLimits) {
    this.#limits = limits;
  }

  decode(bytes: Uint8Array, from: number, to: number, kind: BlockKind, isEnd: boolean, method?: Method): boolean {
    this.fault = this.#read(bytes, from, to, kind) ?? this.#settle(kind, isEnd, method);
    return true;
  }

  rest(): void {
    this.head.reset(NO_BYTES, 0);
  }

  #read(bytes: Uint8Array, from: number, to: number, kind: BlockKind): HeadFault | undefined {
    const { head } = this;
    const limits = this.#limits;
    const isTrailers = kind === "trailers";
    head.reset(bytes, from);
    if (to - from > (isTrailers ? limits.trailerBytesMax : limits.headBytesMax)) {
      return kind === "request" ? refused(FAULTS["head-long"]) : malformed("a head above the limit");
    }
    let at = from;
    if (kind === "request") at = readRequestLine(head, from, to, limits);
    else if (kind === "response") at = readStatusLine(head, from, to);
    if (at >= 0) at = this.#readLines(at, to, isTrailers);
    head.end = to;
    if (at === to && head.minor === 1 && !head.isLoose) return undefined;
    const { fault } = head;
    if (kind === "request" && fault !== undefined && fault.status !== 400) return refused(fault);
    return malformed(fault?.reason ?? "a head that is no text of HTTP/1.1");
  }

  #readLines(start: number, end: number, isTrailers: boolean): number {
    const { trailersMax, fieldsMax } = this.#limits;
    const { head } = this;
    if (isTrailers) return readFieldLines(head, start, end, trailersMax, false);
    const memory = this.#memory;
    memory.begin();
    const next = readFieldLines(head, start, end, fieldsMax, false, memory);
    if (next >= 0) memory.settle(head, next);
    return next;
  }

  #settle(kind: BlockKind, isEnd: boolean, method: Method | undefined): HeadFault | undefined {
    return kind === "trailers" ? undefined : settleHead(this.head, kind, this.#limits, isEnd, method);
  }
}
