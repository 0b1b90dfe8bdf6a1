/**
 * Reads the frames that come on a connection, and answers those that want an answer (acknowledgements, resets,
 * windows). Errors of a stream reset that stream and are told as `reset`; errors of the connection are a
 * `fault`, after which nothing more is read.
 */
import { Framing, type Head } from "../http1/head.ts";
import { KEPT_BYTES_MAX } from "../http1/limits.ts";
import { EarnedFrames } from "./earned-frames.ts";
import { Ended } from "./ended-streams.ts";
import { ErrorCode } from "./error-code.ts";
import { FloodGuards } from "./flood-guard.ts";
import { Flag, FRAME_BYTES_LEAST, FrameType, readUint31, readUint32, writeUint32 } from "./frame.ts";
import { FrameReader, FrameStep } from "./frame-reader.ts";
import type { FrameWriter } from "./frame-writer.ts";
import type { BlockKind, HeadDecoding } from "./head-coding.ts";
import { HeaderBlock } from "./header-block.ts";
import { PrefaceReader } from "./preface.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { applySettings, SETTING_BYTES, WINDOW_MAX } from "./settings.ts";
import type { Stream } from "./stream.ts";
import { mayReceive, StreamMove } from "./stream-state.ts";
import type { Streams } from "./streams.ts";
import { Http2Event, Told } from "./told.ts";

/** The codec's own event: the frame meant nothing to the caller. */
const NOTHING = -1;
const PING_BYTES = 8;

export class FrameReceiver {
  /** Set by the caller before it feeds bytes. */
  nowMs = 0;
  /** Position in the bytes fed last. */
  at = 0;
  readonly told = new Told();
  readonly head: Head;
  readonly #streams: Streams;
  readonly #writer: FrameWriter;
  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  readonly #onTableSize: (bytes: number) => void;
  readonly #frames = new FrameReader(FRAME_BYTES_LEAST);
  readonly #heads: HeadDecoding;
  readonly #block: HeaderBlock;
  readonly #receiveWindow: ReceiveWindow;
  readonly #preface: PrefaceReader;
  /** Parts of DATA count, too; CONTINUATIONs are of the head before them. */
  #frameCount = 0;
  readonly #lost: Stream[] = [];
  /** Of a head that was told more is kept than nearly any takes. */
  #isLarge = false;

  // A DATA frame of which a part is here.
  #contentLeft = 0;
  #isDiscarded = false;

  readonly #floods: FloodGuards;
  readonly #earned = new EarnedFrames();
  #pings = 0;

  constructor(streams: Streams, writer: FrameWriter, heads: HeadDecoding, onTableSize: (bytes: number) => void) {
    const { role, limits } = streams;
    this.#streams = streams;
    this.#writer = writer;
    this.#onTableSize = onTableSize;
    this.#heads = heads;
    this.head = heads.head;
    this.#block = new HeaderBlock(limits);
    this.#receiveWindow = new ReceiveWindow(limits.connectionWindowBytes, limits.connectionWindowBytesMax);
    this.#preface = new PrefaceReader(role === "server");
    this.#floods = new FloodGuards(limits);
  }

  /** A frame has begun and is not whole. */
  get isPending(): boolean {
    return this.#frames.isPending || this.#block.stream !== 0;
  }

  /** Which head, or frame that is no content, has begun and is not whole; 0: none. */
  get pendingHead(): number {
    const isPending = this.#block.stream !== 0 || (this.#frames.isPending && !this.#frames.isInContent);
    return isPending ? this.#frameCount + 1 : 0;
  }

  next(bytes: Uint8Array, start: number, end: number): Http2Event {
    this.at = start;
    if (this.#isLarge) this.#rest();
    const lost = this.#lost.pop();
    if (lost !== undefined) return this.#tellReset(lost, ErrorCode.refusedStream, true, false);
    for (;;) {
      if (this.#streams.isFailed) {
        this.at = end;
        return Http2Event.needMore;
      }
      if (!this.#preface.isWhole) {
        const isWhole = this.#preface.read(bytes, this.at, end);
        this.at = this.#preface.at;
        if (this.#preface.isWrong) return this.fail(ErrorCode.protocolError, "no connection preface");
        if (!isWhole) return Http2Event.needMore;
      }
      const step = this.#frames.next(bytes, this.at, end);
      this.at = this.#frames.at;
      if (step === FrameStep.needMore) return Http2Event.needMore;
      if (step === FrameStep.tooLarge) return this.fail(ErrorCode.frameSizeError, "a frame above our maximum");
      const event = this.#readFrame();
      if (event !== NOTHING) return event as Http2Event;
    }
  }

  /** `count` bytes of content are used up: the peer may send as many again. */
  release(stream: Stream, count: number): void {
    this.releaseConnection(count);
    this.releaseStream(stream, count);
  }

  releaseConnection(count: number): void {
    if (count > 0) this.#update(0, this.#receiveWindow.release(count));
  }

  releaseStream(stream: Stream, count: number): void {
    if (count > 0 && mayReceive(stream.state)) this.#update(stream.id, stream.receiveWindow.release(count));
  }

  /** Asks for a `pong`. */
  ping(): void {
    this.#pings++;
    const at = this.#writer.control(FrameType.ping, 0, 0, PING_BYTES);
    writeUint32(this.#writer.output.bytes, at, 0);
    writeUint32(this.#writer.output.bytes, at + 4, this.#pings);
  }

  /** What was told is dealt with. */
  #rest(): void {
    this.#isLarge = false;
    this.#heads.rest();
    this.#block.rest();
    this.#frames.rest();
  }

  #readFrame(): number {
    const { type, flags, stream } = this.#frames;
    if (type !== FrameType.continuation) this.#frameCount++;
    if (!this.#streams.isSettled && (type !== FrameType.settings || (flags & Flag.ack) !== 0))
      return this.fail(ErrorCode.protocolError, "the first frame is not SETTINGS");
    if (this.#block.stream !== 0 && (type !== FrameType.continuation || stream !== this.#block.stream))
      return this.fail(ErrorCode.protocolError, "a header block is interrupted");
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
        return this.fail(ErrorCode.protocolError, "PUSH_PROMISE is not allowed here");
      default:
        return this.#countIdle(); // extensions are ignored (section 5.5)
    }
  }

  #readData(): number {
    const { isFirst, flags, length, left, bytes, stream: id } = this.#frames;
    let { from } = this.#frames;
    if (id === 0) return this.fail(ErrorCode.protocolError, "DATA on stream 0");
    if (isFirst) {
      if (!this.#receiveWindow.receive(length))
        return this.fail(ErrorCode.flowControlError, "more content than the connection's window");
      this.#contentLeft = length;
      this.#isDiscarded = false;
      if ((flags & Flag.padded) !== 0) {
        // The length of the padding comes with the first byte; a part of no bytes waits for it.
        if (length === 0) return this.fail(ErrorCode.protocolError, "padding of a frame without payload");
        const padding = bytes[from]!;
        if (padding >= length) return this.fail(ErrorCode.protocolError, "padding as long as its frame");
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
      if (isEmpty && !this.#floods.emptyFrames.takes(this.nowMs)) return this.#calm("empty DATA frames");
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
    this.told.stream = stream;
    this.told.bytes = bytes;
    this.told.from = from;
    this.told.to = from + count;
    this.told.isEnd = isEnd;
    if (isEnd) this.#streams.move(stream, StreamMove.endRemote);
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
      return this.fail(ErrorCode.protocolError, "HEADERS on a stream that clients don't begin");
    if ((flags & Flag.padded) !== 0) {
      if (from === to) return this.fail(ErrorCode.frameSizeError, "HEADERS too short for its padding");
      to -= bytes[from]!;
      from++;
    }
    if ((flags & Flag.priority) !== 0) from += 5;
    if (from > to) return this.fail(ErrorCode.protocolError, "padding as long as its frame");
    this.#block.flags = flags;
    if ((flags & Flag.endHeaders) !== 0) return this.#readBlock(id, bytes, from, to);
    this.#block.begin(id);
    return this.#gather(bytes, from, to);
  }

  #readContinuation(): number {
    const { flags, bytes, from, to, stream } = this.#frames;
    const block = this.#block;
    if (block.stream === 0) return this.fail(ErrorCode.protocolError, "CONTINUATION without HEADERS");
    if (!block.continues()) return this.#calm("CONTINUATION frames");
    const event = this.#gather(bytes, from, to);
    if (event !== NOTHING || (flags & Flag.endHeaders) === 0) return event;
    block.stream = 0;
    return this.#readBlock(stream, block.bytes, 0, block.length);
  }

  #gather(bytes: Uint8Array, from: number, to: number): number {
    return this.#block.gather(bytes, from, to) ? NOTHING : this.#calm("a header block above the limit");
  }

  /** A whole block. It is decoded whatever becomes of it: the tables of both sides stay the same. */
  #readBlock(id: number, bytes: Uint8Array, from: number, to: number): number {
    const isEnd = (this.#block.flags & Flag.endStream) !== 0;
    const known = this.#streams.get(id);
    const kind: BlockKind =
      known === undefined ? (this.#streams.role === "server" ? "request" : "response") : this.#kindOf(known);
    if (!this.#heads.decode(bytes, from, to, kind, isEnd, known?.method))
      return this.fail(ErrorCode.compressionError, "a header block that cannot be decoded");
    this.#isLarge = to - from > KEPT_BYTES_MAX || this.#heads.isLarge;
    if (known !== undefined) return this.#headOf(known, kind, isEnd);
    if (this.#streams.role === "server" && id > this.#streams.lastPeer) return this.#beginByPeer(id, isEnd);
    return this.#onEnded(id, "HEADERS");
  }

  #kindOf(stream: Stream): BlockKind {
    return stream.isHeadRead ? "trailers" : "response";
  }

  #beginByPeer(id: number, isEnd: boolean): number {
    this.#streams.lastPeer = id;
    if (id > this.#streams.toldLast) return this.#countIdle(); // it was told that we take no more
    if (this.#streams.count >= this.#streams.limits.streamsMax) {
      this.#streams.ended.note(id, Ended.resetByUs);
      this.#writer.reset(id, ErrorCode.refusedStream);
      return this.#floods.faults.takes(this.nowMs) ? this.#afterReply() : this.#calm("streams above the limit");
    }
    const stream = this.#streams.make(id);
    const { fault, head } = this.#heads;
    if (fault?.kind === "malformed") return this.#failStream(stream, ErrorCode.protocolError, 0, false);
    stream.isHeadRead = true;
    this.told.stream = stream;
    this.told.isEnd = isEnd;
    if (isEnd) this.#streams.move(stream, StreamMove.endRemote);
    if (fault !== undefined) {
      this.told.refusal = fault.fault;
      return Http2Event.refusal;
    }
    stream.method = head.method;
    if (head.framing === Framing.length) stream.contentLeft = head.contentLength;
    return Http2Event.head;
  }

  /** Trailers, or a response's head. */
  #headOf(stream: Stream, kind: BlockKind, isEnd: boolean): number {
    if (!mayReceive(stream.state)) return this.#failStream(stream, ErrorCode.streamClosed, 0);
    const { fault, head } = this.#heads;
    const isInterim = kind === "response" && head.status < 200;
    // Trailers end their stream (section 8.1), interim responses don't.
    if (fault !== undefined || (kind === "trailers" && !isEnd) || (isInterim && isEnd))
      return this.#failStream(stream, ErrorCode.protocolError, 0);
    if (isEnd && stream.contentLeft > 0) return this.#failStream(stream, ErrorCode.protocolError, 0);
    if (kind === "response" && !isInterim) {
      stream.isHeadRead = true;
      // One that has no content whatever its length says (RFC 9110, section 6.4.1) may not bring any.
      if (head.framing === Framing.length) stream.contentLeft = head.contentLength;
      else if (head.framing === Framing.none) stream.contentLeft = 0;
    }
    this.told.stream = stream;
    this.told.isEnd = isEnd;
    if (isEnd) this.#streams.move(stream, StreamMove.endRemote);
    return kind === "trailers" ? Http2Event.trailers : Http2Event.head;
  }

  #readReset(): number {
    const { length, stream: id, bytes, from } = this.#frames;
    if (length !== 4) return this.fail(ErrorCode.frameSizeError, "RST_STREAM is not 4 bytes");
    if (id === 0 || this.#streams.isIdle(id)) return this.fail(ErrorCode.protocolError, "RST_STREAM on an idle stream");
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      return this.#earned.takesLateReset(this.#streams) ? NOTHING : this.#calm("resets of streams that have ended");
    }
    const code = readUint32(bytes, from) as ErrorCode;
    if (this.#streams.role === "server" && !this.#floods.resets.takes(this.nowMs))
      return this.#calm("streams reset by the peer");
    this.#streams.move(stream, StreamMove.reset, true);
    return this.#tellReset(stream, code, true, code !== ErrorCode.refusedStream);
  }

  #readSettings(): number {
    const { length, stream: id, flags, bytes, from, to } = this.#frames;
    if (id !== 0) return this.fail(ErrorCode.protocolError, "SETTINGS on a stream");
    if ((flags & Flag.ack) !== 0)
      return length === 0 ? NOTHING : this.fail(ErrorCode.frameSizeError, "an acknowledgement with settings");
    if (length % SETTING_BYTES !== 0) return this.fail(ErrorCode.frameSizeError, "half a setting");
    const before = this.#streams.peer.initialWindowSize;
    const code = applySettings(this.#streams.peer, bytes, from, to, this.#streams.role === "client");
    if (code !== undefined) return this.fail(code, "a setting out of its range");
    this.#onTableSize(this.#streams.peer.headerTableSize);
    const change = this.#streams.peer.initialWindowSize - before;
    if (change !== 0) {
      for (const stream of this.#streams.all()) {
        stream.sendWindow += change;
        if (stream.sendWindow > WINDOW_MAX) return this.fail(ErrorCode.flowControlError, "a window above its maximum");
      }
    }
    this.#writer.control(FrameType.settings, Flag.ack, 0, 0);
    const isFirst = !this.#streams.isSettled;
    this.#streams.isSettled = true;
    if (!isFirst && !this.#floods.idleFrames.takes(this.nowMs)) return this.#calm("SETTINGS");
    if (change <= 0) return this.#afterReply();
    this.told.stream = undefined;
    return Http2Event.window;
  }

  #readPing(): number {
    const { length, stream, flags, bytes, from } = this.#frames;
    if (stream !== 0) return this.fail(ErrorCode.protocolError, "PING on a stream");
    if (length !== PING_BYTES) return this.fail(ErrorCode.frameSizeError, "PING is not 8 bytes");
    if ((flags & Flag.ack) !== 0) {
      const isOurs = readUint32(bytes, from) === 0 && readUint32(bytes, from + 4) === this.#pings && this.#pings > 0;
      return isOurs ? Http2Event.pong : this.#countIdle();
    }
    if (!this.#earned.takesPing(this.#streams) && !this.#floods.idleFrames.takes(this.nowMs))
      return this.#calm("PINGs");
    const at = this.#writer.control(FrameType.ping, Flag.ack, 0, PING_BYTES);
    for (let i = 0; i < PING_BYTES; i++) this.#writer.output.bytes[at + i] = bytes[from + i]!;
    return this.#afterReply();
  }

  #readGoaway(): number {
    const { length, stream: id, bytes, from } = this.#frames;
    if (id !== 0) return this.fail(ErrorCode.protocolError, "GOAWAY on a stream");
    if (length < 8) return this.fail(ErrorCode.frameSizeError, "GOAWAY is below 8 bytes");
    const last = readUint31(bytes, from);
    // A later one may only take back (section 6.8).
    if (this.#streams.goawayLast >= 0 && last > this.#streams.goawayLast)
      return this.fail(ErrorCode.protocolError, "a second GOAWAY with a larger stream");
    this.#streams.goawayLast = last;
    if (this.#streams.role === "client") {
      for (const stream of this.#streams.all()) if (stream.id > last) this.#lost.push(stream);
      for (const stream of this.#lost) this.#streams.move(stream, StreamMove.reset);
    }
    this.told.stream = undefined;
    this.told.code = readUint32(bytes, from + 4) as ErrorCode;
    return Http2Event.goaway;
  }

  #readWindowUpdate(): number {
    const { length, stream: id, bytes, from } = this.#frames;
    if (length !== 4) return this.fail(ErrorCode.frameSizeError, "WINDOW_UPDATE is not 4 bytes");
    const increment = readUint31(bytes, from);
    if (!this.#earned.takesUpdate(this.#streams)) return this.#calm("WINDOW_UPDATEs");
    if (id === 0) {
      if (increment === 0) return this.fail(ErrorCode.protocolError, "a window's increment of 0");
      this.#streams.sendWindow += increment;
      if (this.#streams.sendWindow > WINDOW_MAX)
        return this.fail(ErrorCode.flowControlError, "a window above its maximum");
      this.told.stream = undefined;
      return Http2Event.window;
    }
    if (this.#streams.isIdle(id)) return this.fail(ErrorCode.protocolError, "WINDOW_UPDATE on an idle stream");
    const stream = this.#streams.get(id);
    if (stream === undefined) return NOTHING; // late
    if (increment === 0) return this.#failStream(stream, ErrorCode.protocolError, 0);
    stream.sendWindow += increment;
    if (stream.sendWindow > WINDOW_MAX) return this.#failStream(stream, ErrorCode.flowControlError, 0);
    if (!stream.isBlocked || stream.sendWindow <= 0) return NOTHING;
    this.told.stream = stream;
    return Http2Event.window;
  }

  /** Ignored, as RFC 9113, section 5.3.2, says; its form still counts. */
  #readPriority(): number {
    const { length, stream } = this.#frames;
    if (stream === 0) return this.fail(ErrorCode.protocolError, "PRIORITY on stream 0");
    if (length === 5) return this.#countIdle();
    const known = this.#streams.get(stream);
    return known === undefined
      ? this.fail(ErrorCode.frameSizeError, "PRIORITY is not 5 bytes")
      : this.#failStream(known, ErrorCode.frameSizeError, 0);
  }

  // ---- streams

  /** A frame that may only come on a stream that is open. */
  #onEnded(id: number, what: string): number {
    if (this.#streams.isIdle(id)) return this.fail(ErrorCode.protocolError, `${what} on an idle stream`);
    const how = this.#streams.ended.how(id);
    // A whole request on a number that was used: no trailers are one.
    const isAsked = what === "HEADERS" && this.#streams.role === "server" && this.#heads.fault === undefined;
    // Late: it had not heard of it. Content counts for the connection's window, and so for enough.
    const isLate = how === Ended.resetByUs || id > this.#streams.toldLast || (how === Ended.forgotten && !isAsked);
    if (isLate && what === "DATA" && this.#frames.length > 0) return NOTHING;
    if (isLate) return this.#earned.takesLate(this.#streams) ? NOTHING : this.#calm("late frames");
    if (how === Ended.resetByPeer) {
      this.#writer.reset(id, ErrorCode.streamClosed);
      return this.#floods.faults.takes(this.nowMs) ? this.#afterReply() : this.#calm("frames on closed streams");
    }
    if (how === Ended.whole || what === "DATA") return this.fail(ErrorCode.streamClosed, `${what} on a closed stream`);
    return this.fail(ErrorCode.protocolError, "a stream's number below one that was begun");
  }

  // ---- errors

  #tellReset(stream: Stream, code: ErrorCode, byPeer: boolean, wasProcessed: boolean): Http2Event {
    this.told.stream = stream;
    this.told.code = code;
    this.told.byPeer = byPeer;
    this.told.wasProcessed = wasProcessed;
    return Http2Event.reset;
  }

  /** Resets a stream for what its peer did to it. `unused`: bytes of it that count for the connection. `isTold`: its owner knows of it. */
  #failStream(stream: Stream, code: ErrorCode, unused: number, isTold = true): number {
    if (unused > 0) this.#update(0, this.#receiveWindow.release(unused));
    this.#writer.reset(stream.id, code);
    this.#streams.move(stream, StreamMove.reset);
    if (!this.#floods.faults.takes(this.nowMs)) return this.#calm("streams in error");
    if (!isTold) return this.#afterReply();
    return this.#tellReset(stream, code, false, true);
  }

  fail(code: ErrorCode, reason: string): Http2Event {
    this.#streams.isFailed = true;
    this.told.code = code;
    this.told.reason = reason;
    this.told.stream = undefined;
    this.#writer.goaway(this.#streams.lastPeer, code, reason);
    return Http2Event.fault;
  }

  #calm(what: string): Http2Event {
    return this.fail(ErrorCode.enhanceYourCalm, `too much: ${what}`);
  }

  #countIdle(): number {
    return this.#floods.idleFrames.takes(this.nowMs) ? NOTHING : this.#calm("frames that mean nothing");
  }

  /** After something was written that the peer did not wait for. */
  #afterReply(): number {
    return this.#writer.replyBytes > this.#streams.limits.repliesBytesMax
      ? this.#calm("answers that are not read")
      : NOTHING;
  }

  #update(stream: number, increment: number): void {
    if (!this.#streams.isFailed) this.#writer.update(stream, increment);
  }
}
