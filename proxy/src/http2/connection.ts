/**
 * One end of an HTTP/2 connection (RFC 9113), pure: bytes in, events out; what is to be written is
 * gathered in `output`. Pulled by its caller, as the readers of HTTP/1.1 are:
 *
 *     connection.nowMs = …;
 *     for (let at = start; ; at = connection.at) {
 *       const event = connection.next(bytes, at, end);
 *       if (event === Http2Event.needMore) break;
 *       …
 *     }
 *     write(connection.output.take()); connection.wrote();
 *
 * Errors of a stream reset that stream and are told as `reset`; errors of the connection are a `fault`,
 * after which `output` ends with GOAWAY and nothing more is read.
 */
import { copyBytes } from "../http1/copy-bytes.ts";
import type { Fault } from "../http1/fault.ts";
import type { Head } from "../http1/head.ts";
import { Method } from "../http1/method.ts";
import { ErrorCode } from "./error-code.ts";
import {
  FLAGS_AT,
  Flag,
  FRAME_BYTES_LEAST,
  FRAME_HEADER_BYTES,
  FrameType,
  STREAM_ID_MAX,
  TYPE_AT,
  writeFrameHeader,
} from "./frame.ts";
import { FrameReceiver } from "./frame-receiver.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { HeadCoding } from "./head-coding.ts";
import { HpackEncoder } from "./hpack/encoder.ts";
import type { FoldedName } from "./hpack/folded-name.ts";
import { HpackHeads } from "./hpack/hpack-heads.ts";
import { DEFAULT_HTTP2_LIMITS, type Http2Limits } from "./limits.ts";
import { PREFACE } from "./preface.ts";
import { RawHeads } from "./raw-heads.ts";
import { encodeSettings, type Setting, SettingId, WINDOW_AT_FIRST } from "./settings.ts";
import type { Stream } from "./stream.ts";
import { StreamMove, StreamState } from "./stream-state.ts";
import { type Role, Streams } from "./streams.ts";
import { type Http2Event, NO_BYTES } from "./told.ts";

export { PREFACE } from "./preface.ts";
export type { Role } from "./streams.ts";
export { Http2Event } from "./told.ts";

export class Connection {
  readonly #writer = new FrameWriter();
  readonly output = this.#writer.output;
  readonly head: Head;
  /** How heads stand in frames, both ways. */
  readonly coding: HeadCoding;
  readonly #streams: Streams;
  /** Undefined where heads are not encoded. */
  readonly #encoder: HpackEncoder | undefined;
  readonly #receiver: FrameReceiver;
  /** Of a block that is being written. */
  #headAt = 0;
  /** One was begun, and is not whole: nothing may be written behind it. */
  isInHead = false;
  /** The frame that was written last, where it is one of a stream: whose, where, and up to where. */
  #tail: Stream | undefined = undefined;
  #tailAt = 0;
  #tailEnd = 0;
  #tailTakes = 0;

  constructor(role: Role, limits: Http2Limits = DEFAULT_HTTP2_LIMITS, coding: HeadCoding = "hpack") {
    this.coding = coding;
    this.#streams = new Streams(role, limits);
    this.#encoder = coding === "hpack" ? new HpackEncoder(role === "server") : undefined;
    const heads = coding === "hpack" ? new HpackHeads(limits) : new RawHeads(limits);
    this.#receiver = new FrameReceiver(this.#streams, this.#writer, heads, (bytes) => this.#encoder?.resize(bytes));
    this.head = this.#receiver.head;
    this.#sayHello();
  }

  /** Set before bytes are fed. */
  set nowMs(nowMs: number) {
    this.#receiver.nowMs = nowMs;
  }

  get nowMs(): number {
    return this.#receiver.nowMs;
  }

  // Of the event, as Told has them.

  get at(): number {
    return this.#receiver.at;
  }

  get stream(): Stream | undefined {
    return this.#receiver.told.stream;
  }

  get refusal(): Fault | undefined {
    return this.#receiver.told.refusal;
  }

  get bytes(): Uint8Array {
    return this.#receiver.told.bytes;
  }

  get from(): number {
    return this.#receiver.told.from;
  }

  get to(): number {
    return this.#receiver.told.to;
  }

  get isEnd(): boolean {
    return this.#receiver.told.isEnd;
  }

  get code(): ErrorCode {
    return this.#receiver.told.code;
  }

  get byPeer(): boolean {
    return this.#receiver.told.byPeer;
  }

  get wasProcessed(): boolean {
    return this.#receiver.told.wasProcessed;
  }

  get reason(): string {
    return this.#receiver.told.reason;
  }

  /** Streams that are not closed. */
  get streamCount(): number {
    return this.#streams.count;
  }

  /** No stream is open and no frame has begun: the connection may be closed without harm. */
  get isIdle(): boolean {
    return this.#streams.count === 0 && !this.#receiver.isPending;
  }

  /** Which head, or frame that is no content, has begun and is not whole; 0: none. */
  get pendingHead(): number {
    return this.#receiver.pendingHead;
  }

  /** Whether a stream may be begun now, as client. */
  get mayOpen(): boolean {
    return this.#streams.mayOpen;
  }

  /** The peer takes no new streams, or we give it none. */
  get isLeaving(): boolean {
    return this.#streams.isLeaving;
  }

  /** Bytes of content that may be sent on the stream now. */
  sendable(stream: Stream): number {
    return this.#streams.sendable(stream);
  }

  next(bytes: Uint8Array, start: number, end: number): Http2Event {
    return this.#receiver.next(bytes, start, end);
  }

  /** `count` bytes of content are used up: the peer may send as many again. */
  release(stream: Stream, count: number): void {
    this.#receiver.release(stream, count);
  }

  /** The connection's part of `release`, so that a stream whose content waits holds up no other. */
  releaseConnection(count: number): void {
    this.#receiver.releaseConnection(count);
  }

  /** The stream's part. */
  releaseStream(stream: Stream, count: number): void {
    this.#receiver.releaseStream(stream, count);
  }

  /** Begins a stream, as client; its head is to be sent at once. Call only where `mayOpen`. */
  open(method: Method): Stream {
    return this.#streams.open(method);
  }

  /** Asks for a `pong`. */
  ping(): void {
    this.#receiver.ping();
  }

  /** `output` went out, or is in the socket's hands. */
  wrote(): void {
    this.#writer.replyBytes = 0;
  }

  /**
   * A head, or trailers: `beginHead`, `field` for each (or, where heads are not encoded, the text into
   * `output`), `endHead`. Nothing else is sent between them.
   */
  beginHead(): void {
    this.isInHead = true;
    this.#headAt = this.output.reserve(FRAME_HEADER_BYTES);
    this.#encoder?.begin(this.output);
  }

  /** Only where heads are encoded. */
  field(name: Uint8Array, ns: number, ne: number, value: Uint8Array, vs: number, ve: number): void {
    this.#encoder?.encode(this.output, name, ns, ne, value, vs, ve);
  }

  /** As `field`, of a name that is folded already. */
  named(name: FoldedName, value: Uint8Array, vs: number, ve: number): void {
    this.#encoder?.encodeNamed(this.output, name, value, vs, ve);
  }

  /** As `field`, of an entry of the static table. */
  fixed(index: number): void {
    this.#encoder?.encodeIndex(this.output, index);
  }

  endHead(stream: Stream, isEnd: boolean): void {
    const at = this.#headAt;
    this.#writer.endBlock(at, stream.id, isEnd, this.#streams.peer.maxFrameSize);
    this.isInHead = false;
    if (isEnd) this.#streams.move(stream, StreamMove.endLocal);
    else this.#noteTail(stream, at);
  }

  /**
   * Sends what the windows allow of bytes[from, to), in order; how much that was. With all of it, the end where
   * `isEnd`. In frames of the least size that every peer takes, so that a few of them fill a buffer, whatever the
   * peer would take.
   */
  sendContent(stream: Stream, bytes: Uint8Array, from: number, to: number, isEnd: boolean): number {
    const { output } = this;
    let at = from;
    for (;;) {
      const count = Math.min(to - at, this.#streams.sendable(stream), FRAME_BYTES_LEAST);
      const isLast = isEnd && at + count === to;
      if (count === 0 && !isLast) break;
      output.spill();
      const frame = output.reserve(FRAME_HEADER_BYTES + count);
      writeFrameHeader(output.bytes, frame, count, FrameType.data, isLast ? Flag.endStream : 0, stream.id);
      copyBytes(output.bytes, frame + FRAME_HEADER_BYTES, bytes, at, at + count);
      stream.sendWindow -= count;
      this.#streams.sendWindow -= count;
      this.#streams.dataFrames++;
      at += count;
      if (isLast) this.#streams.move(stream, StreamMove.endLocal);
      else this.#noteTail(stream, frame);
      if (at === to) break;
    }
    stream.isBlocked = at < to;
    return at - from;
  }

  /** Nothing more comes on the stream: said by its last frame, where that has not gone out yet. */
  sendEnd(stream: Stream): void {
    const { output } = this;
    const isTail = this.#tail === stream && this.#tailEnd === output.end && this.#tailTakes === output.takes;
    if (!isTail || !this.#mayEndWithTail(stream)) return void this.sendContent(stream, NO_BYTES, 0, 0, true);
    const flags = this.#tailAt + FLAGS_AT;
    output.bytes[flags] = output.bytes[flags]! | Flag.endStream;
    this.#streams.move(stream, StreamMove.endLocal);
  }

  /** Servers of gRPC wait for DATA: to them the head of a call is never its end. */
  #mayEndWithTail(stream: Stream): boolean {
    if (this.#streams.role === "server" || stream.method !== Method.post) return true;
    return this.output.bytes[this.#tailAt + TYPE_AT] === FrameType.data;
  }

  #noteTail(stream: Stream, at: number): void {
    this.#tail = stream;
    this.#tailAt = at;
    this.#tailEnd = this.output.end;
    this.#tailTakes = this.output.takes;
  }

  /** Ends a stream at once; nothing where it is closed. */
  reset(stream: Stream, code: ErrorCode): void {
    if (stream.state === StreamState.closed) return;
    this.#writer.reset(stream.id, code);
    this.#streams.move(stream, StreamMove.reset);
  }

  /**
   * Takes no new streams (RFC 9113, section 6.8): first in words, so that what the peer has under way still
   * comes; after a round trip (`pong` of a ping, or a time), `isFinal`, of what came.
   */
  leave(isFinal: boolean): void {
    if (this.#streams.isFailed) return;
    this.#streams.isDraining = true;
    const last = isFinal ? this.#streams.lastPeer : STREAM_ID_MAX;
    if (isFinal) this.#streams.toldLast = last;
    this.#writer.goaway(last, ErrorCode.noError, "");
  }

  /** Ends the connection for what its peer did, or did not do: nothing more is read, and GOAWAY says why. */
  fail(code: ErrorCode, reason: string): void {
    if (!this.#streams.isFailed) this.#receiver.fail(code, reason);
  }

  /** Streams that are open, for whoever must end them all. */
  openStreams(): readonly Stream[] {
    return [...this.#streams.all()];
  }

  #sayHello(): void {
    const { tableBytesMax, streamWindowBytes, connectionWindowBytes, headBytesMax, streamsMax } = this.#streams.limits;
    const settings: Setting[] = [
      [SettingId.headerTableSize, tableBytesMax],
      [SettingId.initialWindowSize, streamWindowBytes],
      [SettingId.maxHeaderListSize, headBytesMax],
      this.#streams.role === "server" ? [SettingId.maxConcurrentStreams, streamsMax] : [SettingId.enablePush, 0],
    ];
    if (this.#streams.role === "client") {
      const start = this.output.reserve(PREFACE.length);
      this.output.bytes.set(PREFACE, start);
    }
    const payload = encodeSettings(settings);
    const at = this.#writer.control(FrameType.settings, 0, 0, payload.length);
    this.output.bytes.set(payload, at);
    this.#writer.update(0, connectionWindowBytes - WINDOW_AT_FIRST);
    this.#writer.replyBytes = 0;
  }
}
