/**
 * Requests over an HTTP/1.1 connection to an endpoint, one after the other: how their
 * content is framed, which response is whose, and whether the connection may carry
 * another one is decided here, and nowhere else.
 */
import type { Reason } from "../../filter/reason.ts";
import { Framing, type Head } from "../../http1/head.ts";
import { idleMsOf } from "../../http1/keep-alive.ts";
import type { Method } from "../../http1/method.ts";
import { ReaderEvent } from "../../http1/reader-event.ts";
import { ResponseReader } from "../../http1/response-reader.ts";
import { appendContent, appendContentEnd } from "../../message/content.ts";
import { HalfMove, Halves, moveHalves } from "../../stream/halves.ts";
import type { UpstreamListener, UpstreamStream } from "../../stream/upstream-stream.ts";
import type { Faulty } from "../net/faulty.ts";
import type { Outgoing } from "../net/outgoing.ts";
import type { Speaker, UpstreamConnection } from "./connection.ts";

export class Http1Stream implements UpstreamStream, Speaker {
  readonly #connection: UpstreamConnection;
  readonly #out: Outgoing;
  readonly #reader = new ResponseReader();
  /** Whose request is under way. */
  listener: UpstreamListener | undefined = undefined;
  #halves: Halves = Halves.closed;
  #framing: Framing = Framing.none;
  #uses = 0;
  /** After the response that ended last. */
  #mayFollow = false;

  constructor(connection: UpstreamConnection) {
    this.#connection = connection;
    this.#out = connection.out;
  }

  readonly isShared = false;

  get mayBegin(): boolean {
    return this.listener === undefined;
  }

  get streams(): number {
    return this.listener === undefined ? 0 : 1;
  }

  get faulty(): Faulty | undefined {
    return this.listener;
  }

  yieldIfQuiet(quietMs: number): number {
    return this.listener?.yieldIfQuiet(quietMs) === true ? 1 : 0;
  }

  /** The next request is this listener's. */
  begin(listener: UpstreamListener): this {
    this.listener = listener;
    this.#halves = Halves.open;
    this.#uses++;
    return this;
  }

  get principal(): string | undefined {
    return this.#connection.peer?.principal;
  }

  get isReused(): boolean {
    return this.#uses > 1;
  }

  get isFull(): boolean {
    return this.#out.isFull;
  }

  set onDrain(onDrain: (() => void) | undefined) {
    this.#out.onDrain = onDrain;
  }

  sendHead(bytes: Uint8Array, end: number, method: Method, framing: Framing): void {
    this.#reader.expect(method);
    this.#framing = framing;
    this.#out.onDrain = undefined;
    this.#out.append(bytes, 0, end);
  }

  sendContent(bytes: Uint8Array, from: number, to: number): void {
    appendContent(this.#out, this.#framing, bytes, from, to);
  }

  sendEnd(trailers: Head): void {
    appendContentEnd(this.#out, this.#framing, trailers);
    this.#halves = moveHalves(this.#halves, HalfMove.send);
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  reset(): void {
    this.listener = undefined;
    this.#halves = Halves.closed;
    this.#connection.destroy();
  }

  release(): void {
    this.listener = undefined;
    // Whoever answers before it has taken the request may well close behind its answer; a sidecar
    // says so, and over TLS a write is told of later than the answer to it comes.
    const isTaken = this.principal !== undefined || this.#out.pendingBytes === 0;
    if (this.#halves !== Halves.closed || !this.#mayFollow || !isTaken) return void this.reset();
    this.#reader.rest();
    this.#connection.release();
  }

  // The connection's side.

  onBytes(bytes: Uint8Array, length: number): void {
    const reader = this.#reader;
    const connection = this.#connection;
    let at = 0;
    while (!connection.isClosed) {
      const event = reader.next(bytes, at, length);
      at = reader.at;
      const { listener } = this;
      if (event === ReaderEvent.needMore) return;
      if (event === ReaderEvent.fault || listener === undefined) return void connection.fail("upstream_protocol");
      if (event === ReaderEvent.head) {
        connection.peerIdleMs ??= idleMsOf(reader.head);
        if (reader.head.status < 200) listener.onInterim(reader.head);
        else listener.onHead(reader.head);
      } else if (event === ReaderEvent.content) listener.onContent(bytes, reader.from, reader.to);
      else {
        this.#endResponse(listener, at === length && reader.isReusable);
        if (at < length) connection.destroy();
      }
    }
  }

  onEnd(): void {
    const { listener } = this;
    if (this.#reader.finish() === ReaderEvent.end && listener !== undefined) this.#endResponse(listener, false);
  }

  onClosed(reason: Reason): void {
    const { listener } = this;
    this.listener = undefined;
    this.#halves = Halves.closed;
    this.#reader.close();
    // Of a request that was sent nobody knows how far it came.
    listener?.onReset({ reason, detail: this.#connection.failureDetail, wasProcessed: true });
  }

  letGo(): void {
    this.listener = undefined;
    this.#halves = Halves.closed;
    this.#reader.close();
  }

  #endResponse(listener: UpstreamListener, mayFollow: boolean): void {
    this.#mayFollow = mayFollow;
    this.#halves = moveHalves(this.#halves, HalfMove.receive);
    listener.onEnd(this.#reader.trailers);
  }
}
