/**
 * The server's side of a connection: bytes in, requests out, one after the other.
 *
 *     head → content* → end → head → …        any of them → fault
 *
 * Pulled by its caller, so that a request is dealt with before the next one is looked at:
 *
 *     let at = start;
 *     for (;;) {
 *       const event = reader.next(bytes, at, end);
 *       at = reader.at;
 *       if (event === ReaderEvent.needMore) break;
 *       …
 *     }
 */

import { move, moveTable } from "../stream/moves.ts";
import { ContentReader } from "./content-reader.ts";
import { FAULTS, type Fault } from "./fault.ts";
import { settleRequest } from "./framing.ts";
import type { Head } from "./head.ts";
import { HeadReader, HeadStep } from "./head-reader.ts";
import { type CodecLimits, DEFAULT_CODEC_LIMITS } from "./limits.ts";
import { ReaderEvent } from "./reader-event.ts";

const State = { head: 0, content: 1, closed: 2, faulty: 3 } as const;
type State = (typeof State)[keyof typeof State];
/** `end`, `last`: of a message, on a connection that carries another, or none. */
const Happening = { head: 0, end: 1, last: 2, fault: 3 } as const;

/** What the connection does next, by what has happened; a move that stands in no row is a bug. */
const MOVES = moveTable(State, Happening, {
  head: { head: "content", fault: "faulty" },
  content: { end: "head", last: "closed", fault: "faulty" },
  closed: { fault: "faulty" },
  faulty: {},
});

export class RequestReader {
  /** Position in the bytes fed last, behind the event. */
  at = 0;
  /** Span of content, after ReaderEvent.content. */
  from = 0;
  to = 0;
  fault: Fault = FAULTS.incomplete;
  readonly head: Head;
  readonly #limits: CodecLimits;
  readonly #heads: HeadReader;
  readonly #content: ContentReader;
  #state: State = State.head;

  constructor(limits: CodecLimits = DEFAULT_CODEC_LIMITS) {
    this.#limits = limits;
    this.#heads = new HeadReader("request", limits);
    this.#content = new ContentReader(limits, false);
    this.head = this.#heads.head;
  }

  get trailers(): Head {
    return this.#content.trailers;
  }

  /** Nothing of a message is under way: the connection may be closed without harm. */
  get isIdle(): boolean {
    return (this.#state === State.head && !this.#heads.isPending) || this.#state === State.closed;
  }

  /**
   * The bytes so far end inside chunk framing or trailers, which may still prove invalid.
   * Whoever holds a head back until this is false forwards nothing of a message whose
   * framing is broken from the start.
   */
  get isInFraming(): boolean {
    return this.#state === State.content && this.#content.isInFraming;
  }

  next(bytes: Uint8Array, at: number, end: number): ReaderEvent {
    switch (this.#state) {
      case State.head:
        return this.#nextHead(bytes, at, end);
      case State.content:
        return this.#nextContent(bytes, at, end);
      case State.closed:
        this.at = at;
        return at === end ? ReaderEvent.needMore : this.#refuse(FAULTS["after-close"]);
      case State.faulty:
        return ReaderEvent.fault;
    }
  }

  /** The client will send no more: undefined where that is well, otherwise the fault. */
  finish(): Fault | undefined {
    if (this.isIdle) return undefined;
    if (this.#state !== State.faulty)
      this.#refuse(this.#state === State.head ? this.#heads.finish() : this.#content.finish());
    return this.fault;
  }

  /** Takes no request after the one under way, whatever its head says (draining). */
  closeAfter(): void {
    this.head.keepAlive = false;
  }

  /** Of the head that was read last there is something to `rest`. */
  get isLarge(): boolean {
    return this.#heads.isLarge;
  }

  /** The message that was read is dealt with: nothing large is kept of it. */
  rest(): void {
    this.#heads.rest();
  }

  /** The connection is no more. */
  close(): void {
    this.#heads.close();
  }

  #nextHead(bytes: Uint8Array, at: number, end: number): ReaderEvent {
    this.at = at;
    if (at === end) return ReaderEvent.needMore;
    const step = this.#heads.feed(bytes, at, end);
    this.at = this.#heads.at;
    if (step === HeadStep.needMore) return ReaderEvent.needMore;
    if (step === HeadStep.fault) return this.#refuse(this.head.fault ?? FAULTS.incomplete);
    const fault = settleRequest(this.head, this.#limits);
    if (fault !== undefined) return this.#refuse(fault);
    this.#content.begin(this.head);
    this.#state = move(MOVES, this.#state, Happening.head);
    return ReaderEvent.head;
  }

  #nextContent(bytes: Uint8Array, at: number, end: number): ReaderEvent {
    const event = this.#content.next(bytes, at, end);
    this.at = this.#content.at;
    switch (event) {
      case ReaderEvent.content:
        this.from = this.#content.from;
        this.to = this.#content.to;
        return event;
      case ReaderEvent.end:
        this.#state = move(MOVES, this.#state, this.head.keepAlive ? Happening.end : Happening.last);
        return event;
      case ReaderEvent.fault:
        return this.#refuse(this.#content.fault);
      default:
        return event;
    }
  }

  #refuse(fault: Fault): ReaderEvent {
    this.fault = fault;
    this.#state = move(MOVES, this.#state, Happening.fault);
    return ReaderEvent.fault;
  }
}
