/**
 * One request on a connection that carries many: what its window does not let go yet waits
 * here, and what it brings is given back to the window as it is used up, so that who takes
 * nothing holds up nobody else.
 */
import type { Reason } from "../../filter/reason.ts";
import { Framing, type Head } from "../../http1/head.ts";
import type { Method } from "../../http1/method.ts";
import { ErrorCode } from "../../http2/error-code.ts";
import { trailerLines } from "../../http2/message-writer.ts";
import type { Stream } from "../../http2/stream.ts";
import { PendingContent } from "../../message/pending-content.ts";
import { HalfMove, Halves, moveHalves } from "../../stream/halves.ts";
import type { UpstreamListener, UpstreamStream } from "../../stream/upstream-stream.ts";
import type { Http2Speaker } from "./http2-speaker.ts";

export class Http2Stream implements UpstreamStream {
  readonly #speaker: Http2Speaker;
  listener: UpstreamListener | undefined;
  readonly isReused: boolean;
  onDrain: (() => void) | undefined = undefined;
  #stream: Stream | undefined = undefined;
  #halves: Halves = Halves.open;
  /** Made for the first content that windows or socket do not let go. */
  #pending: PendingContent | undefined = undefined;
  /** The content's end is here, whatever of it waits; with these trailer lines. */
  #isEnding = false;
  #trailers: Uint8Array | undefined = undefined;
  #isPaused = false;
  /** Bytes that came since it was paused, and that the window has not got back. */
  #unreleased = 0;
  /** Among its connection's streams; -1: it is none of them any more. */
  place = -1;
  /** Interim responses so far. */
  interim = 0;

  constructor(speaker: Http2Speaker, listener: UpstreamListener, isReused: boolean) {
    this.#speaker = speaker;
    this.listener = listener;
    this.isReused = isReused;
  }

  get principal(): string | undefined {
    return this.#speaker.principal;
  }

  get isFull(): boolean {
    return this.#isWaiting() || this.#speaker.isFull;
  }

  #isWaiting(): boolean {
    return this.#pending !== undefined && this.#pending.bytes > 0;
  }

  sendHead(bytes: Uint8Array, end: number, method: Method, framing: Framing): void {
    const { codec } = this.#speaker;
    if (!codec.mayOpen) return void this.lose({ reason: "upstream_reset", detail: "", wasProcessed: false });
    const stream = codec.open(method);
    stream.owner = this;
    this.#stream = stream;
    const isWhole = framing === Framing.none;
    this.#speaker.writeHead(stream, bytes, end, isWhole);
    if (isWhole) this.#halves = moveHalves(this.#halves, HalfMove.send);
  }

  sendContent(bytes: Uint8Array, from: number, to: number): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    const sent = this.isFull ? 0 : this.#speaker.codec.sendContent(stream, bytes, from, to, false);
    if (from + sent < to) {
      this.#pending ??= new PendingContent(this.#speaker.slabs);
      this.#pending.append(bytes, from + sent, to);
      stream.isBlocked = true;
      this.#speaker.wait(this);
    }
    this.#speaker.wake();
  }

  sendEnd(trailers: Head): void {
    if (this.#stream === undefined || this.#halves === Halves.sent || this.#halves === Halves.closed) return;
    this.#isEnding = true;
    this.#trailers = trailerLines(trailers);
    if (!this.#isWaiting()) this.#end();
  }

  /** Sends up to so many bytes of what waits, where windows and socket let them go; how many that was. */
  sendWaiting(bytesMax: number): number {
    const stream = this.#stream;
    const pending = this.#pending;
    if (stream === undefined || pending === undefined || pending.bytes === 0 || this.#speaker.isFull) return 0;
    const { codec } = this.#speaker;
    const sent = pending.send((bytes, from, to) => codec.sendContent(stream, bytes, from, to, false), bytesMax);
    stream.isBlocked = pending.bytes > 0;
    if (sent === 0) return 0;
    if (!stream.isBlocked) this.#speaker.waitNoMore(this);
    if (!stream.isBlocked && this.#isEnding) this.#end();
    this.#speaker.wake();
    this.drain();
    return sent;
  }

  /** Tells whoever stopped for it that there is room again. */
  drain(): void {
    if (this.onDrain === undefined || this.isFull) return;
    const { onDrain } = this;
    this.onDrain = undefined;
    onDrain();
  }

  #end(): void {
    const lines = this.#trailers;
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#halves = moveHalves(this.#halves, HalfMove.send);
    if (lines === undefined) this.#speaker.codec.sendEnd(stream);
    else this.#speaker.writeTrailers(stream, lines);
    this.#speaker.wake();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const count = this.#unreleased;
    this.#unreleased = 0;
    if (count === 0 || this.#stream === undefined) return;
    this.#speaker.codec.releaseStream(this.#stream, count);
    this.#speaker.wake();
  }

  reset(): void {
    const stream = this.#stream;
    this.forget();
    if (stream !== undefined) this.#speaker.cancel(stream, ErrorCode.cancel);
    this.#speaker.ended(this);
  }

  release(): void {
    if (this.#halves !== Halves.closed) return void this.reset();
    this.forget();
    this.#speaker.ended(this);
  }

  /** Nothing of it is to be sent, and nobody hears of it any more. */
  forget(): void {
    this.listener = undefined;
    this.#stream = undefined;
    this.#halves = Halves.closed;
    this.#pending?.drop();
    this.#speaker.waitNoMore(this);
  }

  // The connection's side.

  takeContent(bytes: Uint8Array, from: number, to: number): void {
    const stream = this.#stream;
    this.listener?.onContent(bytes, from, to);
    if (stream === undefined || this.#stream !== stream) return;
    if (this.#isPaused) this.#unreleased += to - from;
    else this.#speaker.codec.releaseStream(stream, to - from);
  }

  takeEnd(trailers: Head): void {
    if (this.listener === undefined) return;
    this.#halves = moveHalves(this.#halves, HalfMove.receive);
    this.listener.onEnd(trailers);
  }

  /** Ends it for what its other end did. */
  refuse(reason: Reason, detail: string): void {
    if (this.#stream !== undefined) this.#speaker.cancel(this.#stream, ErrorCode.protocolError);
    this.lose({ reason, detail, wasProcessed: true });
  }

  /** It is no more: whoever asked is told, once. */
  lose(reset: { readonly reason: Reason; readonly detail: string; readonly wasProcessed: boolean }): void {
    const { listener } = this;
    this.forget();
    if (listener === undefined) return;
    this.#speaker.ended(this);
    listener.onReset(reset);
  }
}
