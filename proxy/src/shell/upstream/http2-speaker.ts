/**
 * Requests over a connection that carries many at a time: HTTP/2's frames, with heads in HPACK
 * or, between sidecars, as text. What a turn of the event loop brings for all of its streams goes
 * out in one write. A sidecar at the other end that is silent is asked whether it is there: until it
 * answers, nothing more is begun on the connection. Others are not asked: servers of gRPC take pings
 * that they did not agree to for an attack.
 */
import type { Reason } from "../../filter/reason.ts";
import { type Head, NO_TRAILERS } from "../../http1/head.ts";
import { Connection, Http2Event } from "../../http2/connection.ts";
import type { ErrorCode } from "../../http2/error-code.ts";
import { FRAME_BYTES_LEAST } from "../../http2/frame.ts";
import type { HeadCoding } from "../../http2/head-coding.ts";
import type { Http2Limits } from "../../http2/limits.ts";
import type { Stream } from "../../http2/stream.ts";
import { TextFields } from "../../http2/text-fields.ts";
import type { SlabPool } from "../../message/slab-pool.ts";
import type { UpstreamListener } from "../../stream/upstream-stream.ts";
import { Timer } from "../../time/timer-wheel.ts";
import { guarded } from "../net/faulty.ts";
import type { Thread } from "../plane/thread.ts";
import type { Speaker, UpstreamConnection } from "./connection.ts";
import { Http2Stream } from "./http2-stream.ts";

/** So long without a byte while requests are under way, and the other end is asked whether it is there. */
const SILENT_MS = 10_000;
/** A request that was given up on a connection so silent asks it sooner. */
const SUSPECT_MS = 1000;
/** For its answer. */
const PONG_MS = 5000;

const texts = new TextFields();

export class Http2Speaker implements Speaker {
  readonly isShared = true;
  readonly codec: Connection;
  readonly #connection: UpstreamConnection;
  readonly #thread: Thread;
  readonly #coding: HeadCoding;
  readonly #limits: Http2Limits;
  readonly #probe: Timer;
  /** Under way, in no order; each knows its place. */
  readonly #streams: Http2Stream[] = [];
  /** Whose content waits for a window, or for the socket: who was served longest ago first. */
  readonly #waiting = new Set<Http2Stream>();
  /** Requests that were ever begun. */
  #begun = 0;
  #heardMs = Number.NaN;
  /** A ping is out, and nothing has come since. */
  #isSuspect = false;
  /** Took another stream when it was looked at last. */
  #couldBegin = true;

  constructor(thread: Thread, connection: UpstreamConnection, coding: HeadCoding, limits: Http2Limits) {
    this.#thread = thread;
    this.#connection = connection;
    this.#coding = coding;
    this.#limits = limits;
    this.codec = new Connection("client", limits, coding);
    this.codec.output.use(thread.slabs, () => this.wake());
    this.#heardMs = thread.monoMs();
    this.#probe = new Timer(() => this.#onProbe(), connection);
    const { out } = connection;
    out.onFlush = () => this.#flush();
    out.onDrain = () => this.#onDrain();
    out.wake();
  }

  get slabs(): SlabPool {
    return this.#thread.slabs;
  }

  get principal(): string | undefined {
    return this.#connection.peer?.principal;
  }

  get mayBegin(): boolean {
    return !this.#connection.isRetired && !this.#isSuspect && this.codec.mayOpen && !this.#isBehind();
  }

  get streams(): number {
    return this.#streams.length;
  }

  /** The peer takes nothing of what it is asked: what more is asked would wait here, however soon it is given up. */
  #isBehind(): boolean {
    return this.codec.output.isFull && this.#connection.out.isFull;
  }

  #asks(): boolean {
    return this.#coding === "raw";
  }

  /** The peer has not taken what was written: content waits in its streams. */
  get isFull(): boolean {
    return this.#connection.out.isFull;
  }

  /** A fault while bytes are read is the stream's whose event it was; what is none's, the connection's. */
  get faulty(): undefined {
    return undefined;
  }

  begin(listener: UpstreamListener): Http2Stream {
    const stream = new Http2Stream(this, listener, this.#begun++ > 0);
    stream.place = this.#streams.length;
    this.#streams.push(stream);
    if (this.#asks() && !this.#probe.isArmed) this.#thread.arm(this.#probe, SILENT_MS);
    this.#couldBegin = this.mayBegin;
    return stream;
  }

  yieldIfQuiet(quietMs: number): number {
    let yielded = 0;
    for (const { listener } of [...this.#streams]) if (listener?.yieldIfQuiet(quietMs) === true) yielded++;
    return yielded;
  }

  // A stream's side.

  wake(): void {
    if (this.codec.output.isFull) this.#flush();
    else this.#connection.out.wake();
  }

  writeHead(stream: Stream, bytes: Uint8Array, end: number, isEnd: boolean): void {
    const { codec } = this;
    codec.beginHead();
    if (this.#coding === "raw") codec.output.append(bytes, 0, end);
    else texts.request(bytes, 0, end, codec);
    codec.endHead(stream, isEnd);
    this.wake();
  }

  /** Lines, with the empty one behind them. */
  writeTrailers(stream: Stream, lines: Uint8Array): void {
    const { codec } = this;
    codec.beginHead();
    if (this.#coding === "raw") codec.output.append(lines, 0, lines.length);
    else texts.lines(lines, 0, lines.length, codec);
    codec.endHead(stream, true);
  }

  /** Some of its content waits. */
  wait(stream: Http2Stream): void {
    this.#waiting.add(stream);
  }

  waitNoMore(stream: Http2Stream): void {
    this.#waiting.delete(stream);
  }

  cancel(stream: Stream, code: ErrorCode): void {
    this.codec.reset(stream, code);
    this.wake();
    if (this.#asks() && !this.#isSuspect && this.#thread.monoMs() - this.#heardMs >= SUSPECT_MS) this.#ask();
  }

  ended(stream: Http2Stream): void {
    const { place } = stream;
    if (place < 0) return;
    stream.place = -1;
    const last = this.#streams.pop();
    if (last !== undefined && last !== stream) {
      this.#streams[place] = last;
      last.place = place;
    }
    this.#connection.release();
  }

  // The connection's side.

  onBytes(bytes: Uint8Array, length: number): void {
    const { codec } = this;
    codec.nowMs = this.#thread.monoMs();
    this.#heardMs = codec.nowMs;
    if (this.#isSuspect) this.#trust();
    for (let at = 0; ; at = codec.at) {
      const event = codec.next(bytes, at, length);
      if (event === Http2Event.needMore) break;
      if (event === Http2Event.fault) return void this.#onFault();
      if (event === Http2Event.goaway) this.#connection.retire();
      else if (event === Http2Event.window && codec.stream === undefined) this.#sendWaiting();
      else if (codec.stream !== undefined) this.#onStream(event, codec.stream.owner as Http2Stream | undefined);
      if (this.#connection.isClosed) return;
    }
    if (codec.output.end > 0) this.wake();
    if (!this.#couldBegin && this.mayBegin) {
      this.#couldBegin = true;
      this.#connection.onRoom();
    }
  }

  #onStream(event: Http2Event, stream: Http2Stream | undefined): void {
    if (stream === undefined) return;
    const { listener } = stream;
    const { codec } = this;
    try {
      this.#tell(event, stream);
    } catch (error) {
      // Whose request it was answers for it; the others know nothing of it.
      if (listener === undefined || codec.isInHead) throw error;
      listener.onFault(error);
      if (stream.listener !== undefined) stream.reset();
    }
  }

  #tell(event: Http2Event, stream: Http2Stream): void {
    const { codec } = this;
    switch (event) {
      case Http2Event.head:
        return void this.#onHead(stream, codec.head);
      case Http2Event.content: {
        const { bytes, from, to, isEnd } = codec;
        codec.releaseConnection(to - from);
        stream.takeContent(bytes, from, to);
        if (isEnd) stream.takeEnd(NO_TRAILERS);
        return;
      }
      case Http2Event.trailers:
        return void stream.takeEnd(codec.head);
      case Http2Event.window:
        stream.sendWaiting(Number.POSITIVE_INFINITY);
        return;
      case Http2Event.reset: {
        const { byPeer, wasProcessed, code } = codec;
        const reason = byPeer ? "upstream_reset" : "upstream_protocol";
        return void stream.lose({ reason, detail: `stream reset with code ${code}`, wasProcessed });
      }
      default:
        return;
    }
  }

  #onHead(stream: Http2Stream, head: Head): void {
    const { isEnd } = this.codec;
    if (head.status >= 200) {
      stream.listener?.onHead(head);
      if (isEnd) stream.takeEnd(NO_TRAILERS);
      return;
    }
    if (++stream.interim > this.#limits.interimMax)
      return void stream.refuse("upstream_protocol", "interim responses without end");
    stream.listener?.onInterim(head);
  }

  onEnd(): void {}

  onClosed(reason: Reason): void {
    this.#thread.disarm(this.#probe);
    this.codec.output.clear();
    const detail = this.#connection.failureDetail;
    // Of requests that were sent nobody knows how far they came.
    for (const stream of [...this.#streams]) {
      const { listener } = stream;
      if (listener !== undefined) guarded(listener, () => stream.lose({ reason, detail, wasProcessed: true }))();
    }
    this.#streams.length = 0;
  }

  letGo(): void {
    this.#thread.disarm(this.#probe);
    this.codec.output.clear();
    for (const stream of this.#streams) {
      stream.forget();
      stream.place = -1;
    }
    this.#streams.length = 0;
  }

  #onFault(): void {
    const { reason } = this.codec;
    this.#connection.failureDetail = reason;
    this.#connection.out.wake();
    this.#connection.out.flush();
    this.#connection.fail("upstream_protocol");
  }

  /** Streams take turns with what the connection's window and the socket let go; who had his is behind the others the next time, too. */
  #sendWaiting(): void {
    for (let sent = 1; sent > 0; ) {
      sent = 0;
      for (const stream of [...this.#waiting]) {
        const count = stream.sendWaiting(FRAME_BYTES_LEAST);
        if (count === 0) continue;
        sent += count;
        if (this.#waiting.delete(stream)) this.#waiting.add(stream);
      }
    }
  }

  #flush(): void {
    const { codec } = this;
    const { out } = this.#connection;
    // Answers to what comes count until they are on their way: a peer that reads nothing is noticed by them.
    if (codec.output.end === 0 || out.isFull) return;
    const { end } = codec.output;
    out.give(codec.output.takeBuffer() as Buffer, end);
    codec.wrote();
  }

  #onDrain(): void {
    if (this.codec.output.end > 0) this.wake();
    this.#sendWaiting();
    for (const stream of [...this.#streams]) stream.drain();
    if (this.mayBegin) this.#connection.onRoom();
  }

  // Whether the other end is there.

  #onProbe(): void {
    if (this.#isSuspect) {
      this.#connection.failureDetail = `nothing came for ${PONG_MS} ms, nor an answer to a ping`;
      return void this.#connection.fail("upstream_reset");
    }
    if (this.#streams.length === 0) return;
    const silentMs = this.#thread.monoMs() - this.#heardMs;
    if (silentMs >= SILENT_MS) this.#ask();
    else this.#thread.arm(this.#probe, SILENT_MS - silentMs);
  }

  #ask(): void {
    this.#isSuspect = true;
    this.codec.ping();
    this.wake();
    this.#thread.arm(this.#probe, PONG_MS);
  }

  #trust(): void {
    this.#isSuspect = false;
    this.#couldBegin = false;
    this.#thread.arm(this.#probe, SILENT_MS);
  }
}
