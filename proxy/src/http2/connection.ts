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
import type { Fault } from "../http1/fault.ts";
import { Framing, type Head } from "../http1/head.ts";
import { Method } from "../http1/method.ts";
import { Ended, EndedStreams } from "./ended-streams.ts";
import { ErrorCode } from "./error-code.ts";
import { FloodGuard } from "./flood-guard.ts";
import {
  Flag,
  FRAME_BYTES_LEAST,
  FRAME_HEADER_BYTES,
  FrameType,
  readUint31,
  readUint32,
  STREAM_ID_MAX,
  writeFrameHeader,
  writeUint32,
} from "./frame.ts";
import { FrameReader, FrameStep } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { type BlockKind, HeadComposer } from "./head-composer.ts";
import { HpackDecoder } from "./hpack/decoder.ts";
import { HpackEncoder } from "./hpack/encoder.ts";
import { DEFAULT_HTTP2_LIMITS, type Http2Limits } from "./limits.ts";
import { ReceiveWindow } from "./receive-window.ts";
import {
  applySettings,
  defaultSettings,
  encodeSettings,
  SETTING_BYTES,
  type Setting,
  SettingId,
  WINDOW_AT_FIRST,
  WINDOW_MAX,
} from "./settings.ts";
import { Stream } from "./stream.ts";
import { mayReceive, maySend, moveStream, StreamMove, StreamState } from "./stream-state.ts";

export const Http2Event = {
  /** All bytes are taken; feed more. */
  needMore: 0,
  /** `head` of `stream` is whole and settled; `isEnd`: nothing follows. Interim (1xx) ones too. */
  head: 1,
  /** A request's head that is too much, or asks for what there is not: `refusal` says with which status to answer. */
  refusal: 2,
  /** bytes[from, to) is content of `stream`; `release` it once it is used up. */
  content: 3,
  /** `head` holds the trailer fields of `stream`, which has ended. */
  trailers: 4,
  /** `stream` is no more: `code`, by the peer or by us (`byPeer`); `wasProcessed` is false where a retry is safe. */
  reset: 5,
  /** `stream`, or where it is undefined any stream that is blocked, may send again. */
  window: 6,
  /** The peer takes no new stream; `code` says why. */
  goaway: 7,
  /** The peer has answered our ping. */
  pong: 8,
  /** The connection is in error: write `output`, then close it. */
  fault: 9,
} as const;
export type Http2Event = (typeof Http2Event)[keyof typeof Http2Event];

export type Role = "server" | "client";

export const PREFACE = Uint8Array.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (character) => character.charCodeAt(0));
/** The codec's own event: the frame meant nothing to the caller. */
const NOTHING = -1;
const NO_BYTES = new Uint8Array(0);
const PING_BYTES = 8;
/** WINDOW_UPDATEs for each DATA frame that we sent, as Envoy has it, and so many for nothing. */
const UPDATES_PER_DATA = 10;
const UPDATES_FREE = 200;

export class Connection {
  /** Set by the caller before it feeds bytes. */
  nowMs = 0;
  readonly #writer = new FrameWriter();
  readonly output = this.#writer.output;

  // Of the event.
  at = 0;
  stream: Stream | undefined = undefined;
  readonly head: Head;
  refusal: Fault | undefined = undefined;
  bytes: Uint8Array = NO_BYTES;
  from = 0;
  to = 0;
  isEnd = false;
  code: ErrorCode = ErrorCode.noError;
  byPeer = false;
  wasProcessed = true;
  /** Of a fault: what the peer did, for logs. */
  reason = "";

  readonly #role: Role;
  readonly #limits: Http2Limits;
  readonly #peer = defaultSettings();
  readonly #frames: FrameReader;
  readonly #decoder: HpackDecoder;
  readonly #encoder = new HpackEncoder();
  readonly #composer: HeadComposer;
  readonly #streams = new Map<number, Stream>();
  readonly #receiveWindow: ReceiveWindow;
  #sendWindow = WINDOW_AT_FIRST;
  #prefaceBytes: number;
  #isSettled = false;
  #isFailed = false;
  /** The last stream that the peer began, and that we did. */
  #lastPeer = 0;
  #lastOwn = -1;
  #openByPeer = 0;
  #openOwn = 0;
  /** What the peer has taken of ours, once it says that it takes no more. */
  #goawayLast = -1;
  /** What we have said of the peer's. */
  #toldLast = STREAM_ID_MAX;
  #isDraining = false;
  readonly #ended = new EndedStreams();
  readonly #lost: Stream[] = [];

  // A block that is not whole.
  #blockStream = 0;
  #blockFlags = 0;
  #block = NO_BYTES;
  #blockBytes = 0;
  #continuations = 0;

  // A DATA frame of which a part is here.
  #contentLeft = 0;
  #isDiscarded = false;

  // Floods.
  readonly #resets: FloodGuard;
  readonly #faults: FloodGuard;
  readonly #idleFrames: FloodGuard;
  readonly #emptyFrames: FloodGuard;
  #updates = 0;
  #dataFrames = 0;
  #pings = 0;

  // A block that is being written.
  #headAt = 0;

  constructor(role: Role, limits: Http2Limits = DEFAULT_HTTP2_LIMITS) {
    this.#role = role;
    this.#limits = limits;
    this.#frames = new FrameReader(FRAME_BYTES_LEAST);
    this.#decoder = new HpackDecoder(limits.tableBytesMax);
    this.#composer = new HeadComposer(limits);
    this.head = this.#composer.head;
    this.#receiveWindow = new ReceiveWindow(limits.connectionWindowBytes, limits.connectionWindowBytesMax);
    this.#prefaceBytes = role === "server" ? 0 : PREFACE.length;
    this.#resets = new FloodGuard(limits.resets);
    this.#faults = new FloodGuard(limits.faults);
    this.#idleFrames = new FloodGuard(limits.idleFrames);
    this.#emptyFrames = new FloodGuard(limits.emptyFrames);
    this.#sayHello();
  }

  /** Streams that are not closed. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** No stream is open and no frame has begun: the connection may be closed without harm. */
  get isIdle(): boolean {
    return this.#streams.size === 0 && !this.#frames.isPending;
  }

  /** Whether a stream may be begun now, as client. */
  get mayOpen(): boolean {
    return (
      !this.#isFailed &&
      this.#goawayLast < 0 &&
      !this.#isDraining &&
      this.#openOwn < Math.min(this.#peer.maxConcurrentStreams, this.#limits.streamsMax) &&
      this.#lastOwn < STREAM_ID_MAX - 1
    );
  }

  /** The peer takes no new streams, or we give it none. */
  get isLeaving(): boolean {
    return this.#goawayLast >= 0 || this.#isDraining || this.#isFailed;
  }

  /** Bytes of content that may be sent on the stream now. */
  sendable(stream: Stream): number {
    return maySend(stream.state) ? Math.max(0, Math.min(stream.sendWindow, this.#sendWindow)) : 0;
  }

  next(bytes: Uint8Array, start: number, end: number): Http2Event {
    this.at = start;
    const lost = this.#lost.pop();
    if (lost !== undefined) return this.#tellReset(lost, ErrorCode.refusedStream, true, false);
    for (;;) {
      if (this.#isFailed) {
        this.at = end;
        return Http2Event.needMore;
      }
      if (this.#prefaceBytes < PREFACE.length && !this.#readPreface(bytes, end))
        return this.#isFailed ? Http2Event.fault : Http2Event.needMore;
      const step = this.#frames.next(bytes, this.at, end);
      this.at = this.#frames.at;
      if (step === FrameStep.needMore) return Http2Event.needMore;
      if (step === FrameStep.tooLarge) return this.#fail(ErrorCode.frameSizeError, "a frame above our maximum");
      const event = this.#readFrame();
      if (event !== NOTHING) return event as Http2Event;
    }
  }

  /** `output` went out, or is in the socket's hands. */
  wrote(): void {
    this.#writer.replyBytes = 0;
  }

  /** `count` bytes of content are used up: the peer may send as many again. */
  release(stream: Stream, count: number): void {
    if (count === 0) return;
    this.#update(0, this.#receiveWindow.release(count));
    if (mayReceive(stream.state)) this.#update(stream.id, stream.receiveWindow.release(count));
  }

  /** Begins a stream, as client; its head is to be sent at once. Call only where `mayOpen`. */
  open(method: Method): Stream {
    this.#lastOwn += 2;
    const stream = this.#makeStream(this.#lastOwn);
    stream.method = method;
    this.#openOwn++;
    return stream;
  }

  /** A head, or trailers: `beginHead`, `field` for each, `endHead`. Nothing else is sent between them. */
  beginHead(): void {
    this.#headAt = this.output.reserve(FRAME_HEADER_BYTES);
    this.#encoder.begin(this.output);
  }

  field(name: Uint8Array, ns: number, ne: number, value: Uint8Array, vs: number, ve: number): void {
    this.#encoder.encode(this.output, name, ns, ne, value, vs, ve);
  }

  endHead(stream: Stream, isEnd: boolean): void {
    this.#writer.endBlock(this.#headAt, stream.id, isEnd, this.#peer.maxFrameSize);
    if (isEnd) this.#move(stream, StreamMove.endLocal);
  }

  /** Sends what the windows allow of bytes[from, to), in order; how much that was. With all of it, the end where `isEnd`. */
  sendContent(stream: Stream, bytes: Uint8Array, from: number, to: number, isEnd: boolean): number {
    let at = from;
    for (;;) {
      const count = Math.min(to - at, this.sendable(stream), this.#peer.maxFrameSize);
      const isLast = isEnd && at + count === to;
      if (count === 0 && !isLast) break;
      const frame = this.output.reserve(FRAME_HEADER_BYTES + count);
      writeFrameHeader(this.output.bytes, frame, count, FrameType.data, isLast ? Flag.endStream : 0, stream.id);
      this.output.bytes.set(bytes.subarray(at, at + count), frame + FRAME_HEADER_BYTES);
      stream.sendWindow -= count;
      this.#sendWindow -= count;
      this.#dataFrames++;
      at += count;
      if (isLast) this.#move(stream, StreamMove.endLocal);
      if (at === to) break;
    }
    stream.isBlocked = at < to;
    return at - from;
  }

  /** Ends a stream at once; nothing where it is closed. */
  reset(stream: Stream, code: ErrorCode): void {
    if (stream.state === StreamState.closed) return;
    this.#writer.reset(stream.id, code);
    this.#move(stream, StreamMove.reset);
  }

  /** Asks for a `pong`. */
  ping(): void {
    this.#pings++;
    const at = this.#writer.control(FrameType.ping, 0, 0, PING_BYTES);
    writeUint32(this.output.bytes, at, 0);
    writeUint32(this.output.bytes, at + 4, this.#pings);
  }

  /**
   * Takes no new streams (RFC 9113, section 6.8): first in words, so that what the peer has under way still
   * comes; after a round trip (`pong` of a ping, or a time), `isFinal`, of what came.
   */
  leave(isFinal: boolean): void {
    if (this.#isFailed) return;
    this.#isDraining = true;
    const last = isFinal ? this.#lastPeer : STREAM_ID_MAX;
    if (isFinal) this.#toldLast = last;
    this.#writer.goaway(last, ErrorCode.noError, "");
  }

  /** Streams that are open, for whoever must end them all. */
  openStreams(): readonly Stream[] {
    return [...this.#streams.values()];
  }

  // ---- reading

  #readPreface(bytes: Uint8Array, end: number): boolean {
    while (this.#prefaceBytes < PREFACE.length) {
      if (this.at === end) return false;
      if (bytes[this.at] !== PREFACE[this.#prefaceBytes]) {
        this.#fail(ErrorCode.protocolError, "no connection preface");
        return false;
      }
      this.at++;
      this.#prefaceBytes++;
    }
    return true;
  }

  #readFrame(): number {
    const { type, flags, stream } = this.#frames;
    if (!this.#isSettled && (type !== FrameType.settings || (flags & Flag.ack) !== 0))
      return this.#fail(ErrorCode.protocolError, "the first frame is not SETTINGS");
    if (this.#blockStream !== 0 && (type !== FrameType.continuation || stream !== this.#blockStream))
      return this.#fail(ErrorCode.protocolError, "a header block is interrupted");
    switch (type) {
      case FrameType.data:
        return this.#readData();
      case FrameType.headers:
        return this.#readHeaders();
      case FrameType.continuation:
        return this.#readContinuation();
      case FrameType.rstStream:
        return this.#readReset();
      case FrameType.settings:
        return this.#readSettings();
      case FrameType.ping:
        return this.#readPing();
      case FrameType.goaway:
        return this.#readGoaway();
      case FrameType.windowUpdate:
        return this.#readWindowUpdate();
      case FrameType.priority:
        return this.#readPriority();
      case FrameType.pushPromise:
        return this.#fail(ErrorCode.protocolError, "PUSH_PROMISE is not allowed here");
      default:
        return this.#countIdle(); // extensions are ignored (section 5.5)
    }
  }

  #readData(): number {
    const { isFirst, flags, length, left, bytes, stream: id } = this.#frames;
    let { from } = this.#frames;
    if (id === 0) return this.#fail(ErrorCode.protocolError, "DATA on stream 0");
    if (isFirst) {
      if (!this.#receiveWindow.receive(length))
        return this.#fail(ErrorCode.flowControlError, "more content than the connection's window");
      this.#contentLeft = length;
      this.#isDiscarded = false;
      if ((flags & Flag.padded) !== 0) {
        // The length of the padding comes with the first byte; a part of no bytes waits for it.
        if (length === 0) return this.#fail(ErrorCode.protocolError, "padding of a frame without payload");
        const padding = bytes[from]!;
        if (padding >= length) return this.#fail(ErrorCode.protocolError, "padding as long as its frame");
        from++;
        this.#contentLeft = length - 1 - padding;
      }
    }
    const stream = this.#streams.get(id);
    if (stream === undefined || !mayReceive(stream.state)) return this.#discardData(id, stream);
    if (isFirst) {
      if (!stream.isHeadRead) return this.#failStream(stream, ErrorCode.protocolError, this.#unused());
      if (!stream.receiveWindow.receive(length))
        return this.#failStream(stream, ErrorCode.flowControlError, this.#unused());
      const padding = length - this.#contentLeft;
      if (padding > 0) this.release(stream, padding);
      const isEmpty = this.#contentLeft === 0 && (flags & Flag.endStream) === 0;
      if (isEmpty && !this.#emptyFrames.takes(this.nowMs)) return this.#calm("empty DATA frames");
      if (stream.contentLeft >= 0) {
        stream.contentLeft -= this.#contentLeft;
        const isShort = (flags & Flag.endStream) !== 0 && stream.contentLeft > 0;
        if (stream.contentLeft < 0 || isShort) return this.#failStream(stream, ErrorCode.protocolError, this.#unused());
      }
    }
    const count = Math.min(this.#contentLeft, this.#frames.to - from);
    this.#contentLeft -= count;
    const isEnd = left === 0 && (flags & Flag.endStream) !== 0;
    if (count === 0 && !isEnd) return NOTHING;
    this.stream = stream;
    this.bytes = bytes;
    this.from = from;
    this.to = from + count;
    this.isEnd = isEnd;
    if (isEnd) this.#move(stream, StreamMove.endRemote);
    return Http2Event.content;
  }

  /** Bytes of the frame that count for the windows and that nobody will use. */
  #unused(): number {
    this.#isDiscarded = true;
    return this.#frames.length;
  }

  /** DATA of a stream that is no more: late where we ended it, wrong where the peer did. */
  #discardData(id: number, stream: Stream | undefined): number {
    const { isFirst, length } = this.#frames;
    if (!isFirst) {
      // The stream ended inside the frame: what its first part brought is released, the rest was not told.
      if (!this.#isDiscarded) {
        this.#isDiscarded = true;
        this.#update(0, this.#receiveWindow.release(this.#contentLeft));
      }
      return NOTHING;
    }
    this.#isDiscarded = true;
    this.#update(0, this.#receiveWindow.release(length));
    return stream === undefined ? this.#onEnded(id, "DATA") : this.#failStream(stream, ErrorCode.streamClosed, 0);
  }

  #readHeaders(): number {
    const { flags, bytes, stream: id } = this.#frames;
    let { from, to } = this.#frames;
    if (id === 0 || (id & 1) === 0)
      return this.#fail(ErrorCode.protocolError, "HEADERS on a stream that clients don't begin");
    if ((flags & Flag.padded) !== 0) {
      if (from === to) return this.#fail(ErrorCode.frameSizeError, "HEADERS too short for its padding");
      to -= bytes[from]!;
      from++;
    }
    if ((flags & Flag.priority) !== 0) from += 5;
    if (from > to) return this.#fail(ErrorCode.protocolError, "padding as long as its frame");
    this.#blockFlags = flags;
    if ((flags & Flag.endHeaders) !== 0) return this.#readBlock(id, bytes, from, to);
    this.#blockStream = id;
    this.#blockBytes = 0;
    this.#continuations = 0;
    return this.#gather(bytes, from, to);
  }

  #readContinuation(): number {
    const { flags, bytes, from, to, stream } = this.#frames;
    if (this.#blockStream === 0) return this.#fail(ErrorCode.protocolError, "CONTINUATION without HEADERS");
    if (++this.#continuations > this.#limits.continuationsMax) return this.#calm("CONTINUATION frames");
    const event = this.#gather(bytes, from, to);
    if (event !== NOTHING || (flags & Flag.endHeaders) === 0) return event;
    this.#blockStream = 0;
    return this.#readBlock(stream, this.#block, 0, this.#blockBytes);
  }

  #gather(bytes: Uint8Array, from: number, to: number): number {
    const length = this.#blockBytes + to - from;
    if (length > this.#limits.blockBytesMax) return this.#calm("a header block above the limit");
    if (length > this.#block.length) {
      const larger = new Uint8Array(Math.max(length, this.#block.length * 2, 4096));
      larger.set(this.#block.subarray(0, this.#blockBytes));
      this.#block = larger;
    }
    this.#block.set(bytes.subarray(from, to), this.#blockBytes);
    this.#blockBytes = length;
    return NOTHING;
  }

  /** A whole block. It is decoded whatever becomes of it: the tables of both sides stay the same. */
  #readBlock(id: number, bytes: Uint8Array, from: number, to: number): number {
    const isEnd = (this.#blockFlags & Flag.endStream) !== 0;
    const known = this.#streams.get(id);
    const kind: BlockKind =
      known === undefined ? (this.#role === "server" ? "request" : "response") : this.#kindOf(known);
    this.#composer.begin(kind);
    if (!this.#decoder.decode(bytes, from, to, this.#composer))
      return this.#fail(ErrorCode.compressionError, "a header block that cannot be decoded");
    this.#composer.end(isEnd, known?.method);
    if (known !== undefined) return this.#headOf(known, kind, isEnd);
    if (this.#role === "server" && id > this.#lastPeer) return this.#beginByPeer(id, isEnd);
    return this.#onEnded(id, "HEADERS");
  }

  #kindOf(stream: Stream): BlockKind {
    return stream.isHeadRead ? "trailers" : "response";
  }

  #beginByPeer(id: number, isEnd: boolean): number {
    this.#lastPeer = id;
    if (id > this.#toldLast) return this.#countIdle(); // it was told that we take no more
    if (this.#openByPeer >= this.#limits.streamsMax) {
      this.#ended.note(id, Ended.resetByUs);
      this.#writer.reset(id, ErrorCode.refusedStream);
      return this.#faults.takes(this.nowMs) ? this.#afterReply() : this.#calm("streams above the limit");
    }
    const stream = this.#makeStream(id);
    this.#openByPeer++;
    const { fault, head } = this.#composer;
    if (fault?.kind === "malformed") return this.#failStream(stream, ErrorCode.protocolError, 0, false);
    stream.isHeadRead = true;
    this.stream = stream;
    this.isEnd = isEnd;
    if (isEnd) this.#move(stream, StreamMove.endRemote);
    if (fault !== undefined) {
      this.refusal = fault.fault;
      return Http2Event.refusal;
    }
    stream.method = head.method;
    if (head.framing === Framing.length) stream.contentLeft = head.contentLength;
    return Http2Event.head;
  }

  /** Trailers, or a response's head. */
  #headOf(stream: Stream, kind: BlockKind, isEnd: boolean): number {
    if (!mayReceive(stream.state)) return this.#failStream(stream, ErrorCode.streamClosed, 0);
    const { fault, head } = this.#composer;
    const isInterim = kind === "response" && head.status < 200;
    // Trailers end their stream (section 8.1), interim responses don't.
    if (fault !== undefined || (kind === "trailers" && !isEnd) || (isInterim && isEnd))
      return this.#failStream(stream, ErrorCode.protocolError, 0);
    if (isEnd && stream.contentLeft > 0) return this.#failStream(stream, ErrorCode.protocolError, 0);
    if (kind === "response" && !isInterim) {
      stream.isHeadRead = true;
      if (head.framing === Framing.length && stream.method !== Method.head) stream.contentLeft = head.contentLength;
    }
    this.stream = stream;
    this.isEnd = isEnd;
    if (isEnd) this.#move(stream, StreamMove.endRemote);
    return kind === "trailers" ? Http2Event.trailers : Http2Event.head;
  }

  #readReset(): number {
    const { length, stream: id, bytes, from } = this.#frames;
    if (length !== 4) return this.#fail(ErrorCode.frameSizeError, "RST_STREAM is not 4 bytes");
    if (id === 0 || this.#isIdle(id)) return this.#fail(ErrorCode.protocolError, "RST_STREAM on an idle stream");
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#countIdle();
    const code = readUint32(bytes, from) as ErrorCode;
    if (this.#role === "server" && !this.#resets.takes(this.nowMs)) return this.#calm("streams reset by the peer");
    this.#move(stream, StreamMove.reset, true);
    return this.#tellReset(stream, code, true, code !== ErrorCode.refusedStream);
  }

  #readSettings(): number {
    const { length, stream: id, flags, bytes, from, to } = this.#frames;
    if (id !== 0) return this.#fail(ErrorCode.protocolError, "SETTINGS on a stream");
    if ((flags & Flag.ack) !== 0)
      return length === 0 ? NOTHING : this.#fail(ErrorCode.frameSizeError, "an acknowledgement with settings");
    if (length % SETTING_BYTES !== 0) return this.#fail(ErrorCode.frameSizeError, "half a setting");
    const before = this.#peer.initialWindowSize;
    const code = applySettings(this.#peer, bytes, from, to, this.#role === "client");
    if (code !== undefined) return this.#fail(code, "a setting out of its range");
    this.#encoder.resize(this.#peer.headerTableSize);
    const change = this.#peer.initialWindowSize - before;
    if (change !== 0) {
      for (const stream of this.#streams.values()) {
        stream.sendWindow += change;
        if (stream.sendWindow > WINDOW_MAX) return this.#fail(ErrorCode.flowControlError, "a window above its maximum");
      }
    }
    this.#writer.control(FrameType.settings, Flag.ack, 0, 0);
    const isFirst = !this.#isSettled;
    this.#isSettled = true;
    if (!isFirst && !this.#idleFrames.takes(this.nowMs)) return this.#calm("SETTINGS");
    if (change <= 0) return this.#afterReply();
    this.stream = undefined;
    return Http2Event.window;
  }

  #readPing(): number {
    const { length, stream, flags, bytes, from } = this.#frames;
    if (stream !== 0) return this.#fail(ErrorCode.protocolError, "PING on a stream");
    if (length !== PING_BYTES) return this.#fail(ErrorCode.frameSizeError, "PING is not 8 bytes");
    if ((flags & Flag.ack) !== 0) {
      const isOurs = readUint32(bytes, from) === 0 && readUint32(bytes, from + 4) === this.#pings && this.#pings > 0;
      return isOurs ? Http2Event.pong : this.#countIdle();
    }
    if (!this.#idleFrames.takes(this.nowMs)) return this.#calm("PINGs");
    const at = this.#writer.control(FrameType.ping, Flag.ack, 0, PING_BYTES);
    for (let i = 0; i < PING_BYTES; i++) this.output.bytes[at + i] = bytes[from + i]!;
    return this.#afterReply();
  }

  #readGoaway(): number {
    const { length, stream: id, bytes, from } = this.#frames;
    if (id !== 0) return this.#fail(ErrorCode.protocolError, "GOAWAY on a stream");
    if (length < 8) return this.#fail(ErrorCode.frameSizeError, "GOAWAY is below 8 bytes");
    const last = readUint31(bytes, from);
    // A later one may only take back (section 6.8).
    if (this.#goawayLast >= 0 && last > this.#goawayLast)
      return this.#fail(ErrorCode.protocolError, "a second GOAWAY with a larger stream");
    this.#goawayLast = last;
    if (this.#role === "client") {
      for (const stream of this.#streams.values()) if (stream.id > last) this.#lost.push(stream);
      for (const stream of this.#lost) this.#move(stream, StreamMove.reset);
    }
    this.stream = undefined;
    this.code = readUint32(bytes, from + 4) as ErrorCode;
    return Http2Event.goaway;
  }

  #readWindowUpdate(): number {
    const { length, stream: id, bytes, from } = this.#frames;
    if (length !== 4) return this.#fail(ErrorCode.frameSizeError, "WINDOW_UPDATE is not 4 bytes");
    const increment = readUint31(bytes, from);
    if (++this.#updates > UPDATES_FREE + this.#dataFrames * UPDATES_PER_DATA) return this.#calm("WINDOW_UPDATEs");
    if (id === 0) {
      if (increment === 0) return this.#fail(ErrorCode.protocolError, "a window's increment of 0");
      this.#sendWindow += increment;
      if (this.#sendWindow > WINDOW_MAX) return this.#fail(ErrorCode.flowControlError, "a window above its maximum");
      this.stream = undefined;
      return Http2Event.window;
    }
    if (this.#isIdle(id)) return this.#fail(ErrorCode.protocolError, "WINDOW_UPDATE on an idle stream");
    const stream = this.#streams.get(id);
    if (stream === undefined) return NOTHING; // late
    if (increment === 0) return this.#failStream(stream, ErrorCode.protocolError, 0);
    stream.sendWindow += increment;
    if (stream.sendWindow > WINDOW_MAX) return this.#failStream(stream, ErrorCode.flowControlError, 0);
    if (!stream.isBlocked || stream.sendWindow <= 0) return NOTHING;
    this.stream = stream;
    return Http2Event.window;
  }

  /** Ignored, as RFC 9113, section 5.3.2, says; its form still counts. */
  #readPriority(): number {
    const { length, stream } = this.#frames;
    if (stream === 0) return this.#fail(ErrorCode.protocolError, "PRIORITY on stream 0");
    if (length === 5) return this.#countIdle();
    const known = this.#streams.get(stream);
    return known === undefined
      ? this.#fail(ErrorCode.frameSizeError, "PRIORITY is not 5 bytes")
      : this.#failStream(known, ErrorCode.frameSizeError, 0);
  }

  // ---- streams

  #makeStream(id: number): Stream {
    const { streamWindowBytes, streamWindowBytesMax } = this.#limits;
    const stream = new Stream(id, this.#peer.initialWindowSize, streamWindowBytes, streamWindowBytesMax);
    this.#streams.set(id, stream);
    this.#move(stream, StreamMove.begin);
    return stream;
  }

  #move(stream: Stream, move: StreamMove, byPeer = false): void {
    const state = moveStream(stream.state, move);
    if (state === undefined) throw new Error(`a stream in state ${stream.state} has no move ${move}`);
    if (state === stream.state) return;
    stream.state = state;
    if (state !== StreamState.closed) return;
    this.#streams.delete(stream.id);
    if (this.#role === "server") this.#openByPeer--;
    else this.#openOwn--;
    this.#ended.note(
      stream.id,
      move === StreamMove.reset ? (byPeer ? Ended.resetByPeer : Ended.resetByUs) : Ended.whole,
    );
  }

  /** A frame that may only come on a stream that is open. */
  #onEnded(id: number, what: string): number {
    if (this.#isIdle(id)) return this.#fail(ErrorCode.protocolError, `${what} on an idle stream`);
    const how = this.#ended.how(id);
    if (how === Ended.resetByUs || id > this.#toldLast) return this.#countIdle(); // late: it had not heard of it
    if (how === Ended.resetByPeer) {
      this.#writer.reset(id, ErrorCode.streamClosed);
      return this.#faults.takes(this.nowMs) ? this.#afterReply() : this.#calm("frames on closed streams");
    }
    if (how === Ended.whole || what === "DATA") return this.#fail(ErrorCode.streamClosed, `${what} on a closed stream`);
    return this.#fail(ErrorCode.protocolError, "a stream's number below one that was begun");
  }

  /** No stream of this number was ever begun. */
  #isIdle(id: number): boolean {
    const isOfClient = (id & 1) === 1;
    if (!isOfClient) return true;
    return this.#role === "server" ? id > this.#lastPeer : id > this.#lastOwn;
  }

  // ---- errors

  #tellReset(stream: Stream, code: ErrorCode, byPeer: boolean, wasProcessed: boolean): Http2Event {
    this.stream = stream;
    this.code = code;
    this.byPeer = byPeer;
    this.wasProcessed = wasProcessed;
    return Http2Event.reset;
  }

  /** Resets a stream for what its peer did to it. `unused`: bytes of it that count for the connection. `isTold`: its owner knows of it. */
  #failStream(stream: Stream, code: ErrorCode, unused: number, isTold = true): number {
    if (unused > 0) this.#update(0, this.#receiveWindow.release(unused));
    this.#writer.reset(stream.id, code);
    this.#move(stream, StreamMove.reset);
    if (!this.#faults.takes(this.nowMs)) return this.#calm("streams in error");
    if (!isTold) return this.#afterReply();
    return this.#tellReset(stream, code, false, true);
  }

  #fail(code: ErrorCode, reason: string): Http2Event {
    this.#isFailed = true;
    this.code = code;
    this.reason = reason;
    this.stream = undefined;
    this.#writer.goaway(this.#lastPeer, code, reason);
    return Http2Event.fault;
  }

  #calm(what: string): Http2Event {
    return this.#fail(ErrorCode.enhanceYourCalm, `too much: ${what}`);
  }

  #countIdle(): number {
    return this.#idleFrames.takes(this.nowMs) ? NOTHING : this.#calm("frames that mean nothing");
  }

  /** After something was written that the peer did not wait for. */
  #afterReply(): number {
    return this.#writer.replyBytes > this.#limits.repliesBytesMax ? this.#calm("answers that are not read") : NOTHING;
  }

  // ---- writing

  #sayHello(): void {
    const { tableBytesMax, streamWindowBytes, connectionWindowBytes, headBytesMax, streamsMax } = this.#limits;
    const settings: Setting[] = [
      [SettingId.headerTableSize, tableBytesMax],
      [SettingId.initialWindowSize, streamWindowBytes],
      [SettingId.maxHeaderListSize, headBytesMax],
      this.#role === "server" ? [SettingId.maxConcurrentStreams, streamsMax] : [SettingId.enablePush, 0],
    ];
    if (this.#role === "client") this.output.bytes.set(PREFACE, this.output.reserve(PREFACE.length));
    const payload = encodeSettings(settings);
    const at = this.#writer.control(FrameType.settings, 0, 0, payload.length);
    this.output.bytes.set(payload, at);
    this.#update(0, connectionWindowBytes - WINDOW_AT_FIRST);
    this.#writer.replyBytes = 0;
  }

  #update(stream: number, increment: number): void {
    if (!this.#isFailed) this.#writer.update(stream, increment);
  }
}
