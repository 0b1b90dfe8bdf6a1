/**
 * The client's side of a connection: bytes in, the responses to the requests that were
 * announced by `expect`, in order. Bytes that nobody asked for are a fault, and so are a
 * switch of protocols (the mesh never forwards Upgrade) and endless interim responses.
 *
 *     expect → (interim head)* → head → content* → end
 */

import { move, moveTable } from "../stream/moves.ts";
import { ContentReader } from "./content-reader.ts";
import { FAULTS, type Fault } from "./fault.ts";
import { settleResponse } from "./framing.ts";
import type { Head } from "./head.ts";
import { HeadReader, HeadStep } from "./head-reader.ts";
import { type CodecLimits, DEFAULT_CODEC_LIMITS } from "./limits.ts";
import { Method } from "./method.ts";
import { ReaderEvent } from "./reader-event.ts";

/** RFC 2518, section 10.1. */
const PROCESSING = 102;

const State = { idle: 0, head: 1, content: 2, closed: 3, faulty: 4 } as const;
type State = (typeof State)[keyof typeof State];
/** `end`, `last`: of a message, on a connection that carries another, or none. */
const Happening = { expect: 0, head: 1, end: 2, last: 3, fault: 4 } as const;

/** What the connection does next, by what has happened; a move that stands in no row is a bug. */
const MOVES = moveTable(State, Happening, {
  idle: { expect: "head", fault: "faulty" },
  head: { head: "content", fault: "faulty" },
  content: { end: "idle", last: "closed", fault: "faulty" },
  closed: { fault: "faulty" },
  faulty: {},
});

export class ResponseReader {
  /** Position in the bytes fed last, behind the event. */
  at = 0;
  /** Span of content, after ReaderEvent.content. */
  from = 0;
  to = 0;
  /** To the client it is 502, whatever its own status. */
  fault: Fault = FAULTS.incomplete;
  readonly head: Head;
  readonly #limits: CodecLimits;
  readonly #heads: HeadReader;
  readonly #content: ContentReader;
  #method: Method = Method.other;
  #interim = 0;
  #processing = 0;
  #state: State = State.idle;

  constructor(limits: CodecLimits = DEFAULT_CODEC_LIMITS) {
    this.#limits = limits;
    this.#heads = new HeadReader("response", limits);
    this.#content = new ContentReader(limits, true);
    this.head = this.#heads.head;
  }

  get trailers(): Head {
    return this.#content.trailers;
  }

  /** Nothing is expected, and the connection may carry a further request. */
  get isReusable(): boolean {
    return this.#state === State.idle;
  }

  /** Announces a request of this method; throws unless reusable, for then the answer to another would be taken for its own. */
  expect(method: Method): void {
    this.#state = move(MOVES, this.#state, Happening.expect);
    this.#method = method;
    this.#interim = 0;
    this.#processing = 0;
  }

  next(bytes: Uint8Array, at: number, end: number): ReaderEvent {
    switch (this.#state) {
      case State.head:
        return this.#nextHead(bytes, at, end);
      case State.content:
        return this.#nextContent(bytes, at, end);
      case State.idle:
        this.at = at;
        return at === end ? ReaderEvent.needMore : this.#refuse(FAULTS.surplus);
      case State.closed:
        this.at = at;
        return at === end ? ReaderEvent.needMore : this.#refuse(FAULTS["after-close"]);
      case State.faulty:
        return ReaderEvent.fault;
    }
  }

  /**
   * The upstream closed the connection: `end` where that ends the content under way,
   * `needMore` where nothing was under way, otherwise `fault`.
   */
  finish(): ReaderEvent {
    if (this.#state === State.idle || this.#state === State.closed) return ReaderEvent.needMore;
    if (this.#state === State.content && this.#content.closed()) {
      this.#state = move(MOVES, this.#state, Happening.last);
      return ReaderEvent.end;
    }
    if (this.#state === State.faulty) return ReaderEvent.fault;
    return this.#refuse(this.#state === State.head ? this.#heads.finish() : this.#content.finish());
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
    const fault = settleResponse(this.head, this.#method, this.#limits);
    if (fault !== undefined) return this.#refuse(fault);
    if (this.head.status < 200) {
      const isMany =
        this.head.status === PROCESSING
          ? ++this.#processing > this.#limits.processingMax
          : ++this.#interim > this.#limits.interimMax;
      return isMany ? this.#refuse(FAULTS["interim-many"]) : ReaderEvent.head;
    }
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
