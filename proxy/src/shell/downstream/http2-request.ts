/**
 * One request on a stream of a client's HTTP/2 connection. Its content is the client's window's
 * worth at most; what its response's window does not take waits here, and holds up nobody else.
 * Used again for a later stream of its connection.
 */

import { addFields, applyChanges } from "../../decide/field-changes.ts";
import { faultReason } from "../../filter/fault-reason.ts";
import type { Reason } from "../../filter/reason.ts";
import { rescue } from "../../filter/rescue.ts";
import { encodeMessage } from "../../grpc/message-text.ts";
import { type GrpcStatus, grpcStatusOf } from "../../grpc/status.ts";
import type { Fault } from "../../http1/fault.ts";
import { FieldEdits } from "../../http1/field-edits.ts";
import { type Head, NO_TRAILERS } from "../../http1/head.ts";
import { Method } from "../../http1/method.ts";
import type { Connection } from "../../http2/connection.ts";
import { ErrorCode } from "../../http2/error-code.ts";
import { writeEnd, writeOwnResponse, writeOwnTrailers, writeResponse } from "../../http2/message-writer.ts";
import type { Stream } from "../../http2/stream.ts";
import { PendingContent } from "../../message/pending-content.ts";
import { copyTrailers } from "../../stream/held-content.ts";
import type { ResponseChanges } from "../../stream/request-stream.ts";
import type { Thread } from "../plane/thread.ts";
import { type Answer, answerFields } from "../request/answer.ts";
import { type Client, ClientRequest, type ClientStream } from "../request/client-request.ts";
import type { RequestHandler } from "../request/request-handler.ts";
import { QUIET_TURNS_MAX } from "./downstream-timeouts.ts";

/** The connection, as its streams see it. */
export interface StreamOwner {
  readonly codec: Connection;
  /** The client has not taken what was written. */
  readonly isFull: boolean;
  /** Something was written. */
  touch(): void;
  /** Content waits for a window, or for the client to take what was written. */
  onBlocked(request: Http2Request): void;
  /** The response is out before the request's end: `endEarly`, once all that is at hand is read. */
  onEarly(request: Http2Request, stream: Stream): void;
  /** Nothing is left of the request. */
  onReleased(request: Http2Request): void;
  retire(graceMs: number): void;
  /** Content that was received is used up, or is not: `count` bytes of the connection's window. */
  hold(count: number): void;
  letGo(count: number): void;
}

/** Waiting for a window: whoever feeds the stream should stop above this. */
const PENDING_BYTES_MAX = 64 * 1024;
/** One stream's turn, where several wait: a frame. */
const TURN_BYTES = 16_384;

/** Used for one head at a time, which is written before anyone else asks. */
const edits = new FieldEdits();
const encoder = new TextEncoder();

export class Http2Request implements ClientStream {
  readonly #thread: Thread;
  readonly #owner: StreamOwner;
  readonly #codec: Connection;
  readonly #request: ClientRequest;
  readonly #pending: PendingContent;
  #stream: Stream | undefined = undefined;
  #isHead = false;
  #expectsContinue = false;
  /** Content that came and that nobody has taken. */
  #unreleased = 0;
  #isPaused = false;
  /** What ends the response, while content before it waits. */
  #trailers: Head | undefined = undefined;
  #isHeadSent = false;
  #isEndSent = false;
  #wasFull = false;
  onDrain: (() => void) | undefined = undefined;
  /** When content of the request came last, or its head. */
  #sinceMs = 0;
  /** Content of the response that was written. */
  #sent = 0;
  #sentAtLook = 0;
  #sentWhenAsked = -1;
  #quietTurns = 0;
  #wasPending = false;

  constructor(thread: Thread, owner: StreamOwner, handler: RequestHandler, client: Client) {
    this.#thread = thread;
    this.#owner = owner;
    this.#codec = owner.codec;
    this.#pending = new PendingContent(thread.slabs);
    this.#request = new ClientRequest(thread, handler, this, client);
  }

  onFault(error: unknown): void {
    this.#request.onFault(error);
  }

  // What comes.

  #open(stream: Stream): void {
    this.#stream = stream;
    stream.owner = this;
    this.#isHead = false;
    this.#expectsContinue = false;
    this.#isHeadSent = false;
    this.#isEndSent = false;
    this.#wasFull = false;
    this.#sinceMs = this.#thread.monoMs();
    this.#sent = 0;
    this.#sentAtLook = 0;
    this.#sentWhenAsked = -1;
    this.#quietTurns = 0;
    this.#wasPending = false;
  }

  begin(stream: Stream, head: Head, isEnd: boolean): void {
    this.#open(stream);
    this.#isHead = head.method === Method.head;
    this.#expectsContinue = head.expectsContinue;
    this.#request.begin(head);
    // Frames cannot prove broken later on, as chunks can.
    if (this.#stream === stream) this.#request.start();
    if (isEnd && this.#stream === stream) this.#request.contentEnd(NO_TRAILERS);
  }

  /** A head that is too much, or asks for what there is not. */
  refuse(stream: Stream, fault: Fault): void {
    this.#open(stream);
    this.#request.refuseInput(faultReason(fault), fault.reason);
  }

  content(bytes: Uint8Array, from: number, to: number, isEnd: boolean): void {
    const stream = this.#stream as Stream;
    const count = to - from;
    this.#sinceMs = this.#thread.monoMs();
    if (count > 0) {
      this.#unreleased += count;
      this.#owner.hold(count);
      this.#request.content(bytes, from, to);
      if (this.#stream === stream && !this.#isPaused) this.#release();
    }
    if (isEnd && this.#stream === stream) this.#request.contentEnd(NO_TRAILERS);
  }

  trailers(head: Head): void {
    this.#request.contentEnd(head);
  }

  /** The stream was reset; `byPeer` is false where we did, for what its client sent. */
  gone(byPeer: boolean): void {
    if (byPeer) return void this.#leave();
    this.#request.record.cut("bad_request", this.#request.exchange);
    this.#leave();
  }

  /** What opened the connection has come to its end. */
  giveUp(reason: Reason, detail: string): void {
    this.#request.giveUp(reason, detail);
  }

  /** Looks whether anything has moved since the last look, `stallMs` ago. */
  look(stallMs: number): void {
    const hasMoved = this.#sent !== this.#sentAtLook;
    this.#sentAtLook = this.#sent;
    const isQuiet = this.isQuiet(stallMs) && !hasMoved;
    const wasPending = this.#wasPending;
    this.#wasPending = this.#pending.bytes > 0;
    const isClientSlow = this.#wasPending ? wasPending : !this.#request.isWhole && !this.#isPaused;
    this.#quietTurns = this.#request.exchange.hasMoved() || !isQuiet ? 0 : this.#quietTurns + 1;
    if (isClientSlow && isQuiet) this.giveUp("request_timeout", `nothing sent or taken for ${stallMs} ms`);
    else if (this.#quietTurns >= QUIET_TURNS_MAX) this.giveUp("upstream_timeout", "nothing came from upstream");
  }

  // The request's stream.

  get isFull(): boolean {
    if (this.#pending.bytes < PENDING_BYTES_MAX && !this.#owner.isFull) return false;
    this.#wasFull = true;
    this.#owner.onBlocked(this);
    return true;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#release();
  }

  #release(): void {
    const count = this.#unreleased;
    if (count === 0) return;
    this.#unreleased = 0;
    this.#owner.letGo(count);
    if (this.#stream !== undefined) this.#codec.releaseStream(this.#stream, count);
    this.#owner.touch();
  }

  isQuiet(quietMs: number): boolean {
    return this.#thread.monoMs() - this.#sinceMs >= quietMs;
  }

  isQuietFor(quietMs: number): boolean {
    return !this.#isPaused && this.isQuiet(quietMs);
  }

  takesNothing(): boolean {
    const isSame = this.#sent === this.#sentWhenAsked;
    this.#sentWhenAsked = this.#sent;
    return isSame;
  }

  /** Streams are many: what is wrong with one ends no connection. */
  closeAfter(): void {}

  retire(graceMs: number): void {
    this.#owner.retire(graceMs);
  }

  sendInterim(head: Head): void {
    if (head.status === 100 && !this.#expectsContinue) return;
    if (head.status === 100) this.#expectsContinue = false;
    edits.clear();
    this.#writeHead(head);
  }

  sendHead(head: Head, { drop, changes, add }: ResponseChanges): void {
    edits.clear(drop);
    if (changes !== undefined) applyChanges(edits, changes);
    if (add.length > 0) addFields(edits, add);
    this.#isHeadSent = true;
    this.#writeHead(head);
  }

  #writeHead(head: Head): void {
    if (this.#stream === undefined) return;
    writeResponse(this.#codec, this.#stream, head, edits);
    this.#owner.touch();
  }

  sendContent(bytes: Uint8Array, from: number, to: number): void {
    const stream = this.#stream;
    if (stream === undefined || from === to) return;
    let at = from;
    if (this.#pending.bytes === 0 && !this.#owner.isFull) {
      at += this.#codec.sendContent(stream, bytes, from, to, false);
      this.#sent += at - from;
      this.#owner.touch();
    }
    if (at === to) return;
    this.#pending.append(bytes, at, to);
    this.#owner.onBlocked(this);
  }

  sendEnd(trailers: Head): void {
    if (this.#pending.bytes > 0) this.#trailers = trailers.fieldCount === 0 ? NO_TRAILERS : copyTrailers(trailers);
    else this.#end(trailers);
  }

  answer(answer: Answer, madeBy: Reason | ""): number {
    const stream = this.#stream;
    if (stream === undefined) return 0;
    const { status } = answer;
    const body = encoder.encode(answer.body);
    const hasContent = status >= 200 && status !== 204 && status !== 304;
    const fields = answerFields(answer, { wallMs: this.#thread.wallMs(), madeBy });
    writeOwnResponse(this.#codec, stream, status, fields, hasContent ? body.length : undefined);
    if (hasContent && !this.#isHead) this.sendContent(body, 0, body.length);
    this.sendEnd(NO_TRAILERS);
    this.#owner.touch();
    return body.length;
  }

  #end(trailers: Head): void {
    if (this.#stream === undefined) return;
    this.#isEndSent = true;
    writeEnd(this.#codec, this.#stream, trailers);
    this.#owner.touch();
  }

  /** A window has opened, or the client has taken what was written: sends a turn's worth; how much that was. */
  send(): number {
    const stream = this.#stream;
    if (stream === undefined || this.#pending.bytes === 0) return 0;
    const take = (bytes: Uint8Array, from: number, to: number): number =>
      this.#codec.sendContent(stream, bytes, from, to, false);
    const sent = this.#pending.send(take, TURN_BYTES);
    this.#sent += sent;
    if (this.#pending.bytes === 0 && this.#trailers !== undefined) {
      const trailers = this.#trailers;
      this.#trailers = undefined;
      this.#end(trailers);
      this.settle();
    }
    return sent;
  }

  /** Nothing of it waits, and nobody waits for it. */
  get isFree(): boolean {
    return this.#pending.bytes === 0 && !this.#wasFull;
  }

  /** Enough has gone: whoever feeds it may go on. */
  drained(): void {
    if (!this.#wasFull || this.#owner.isFull || this.#pending.bytes >= PENDING_BYTES_MAX / 2) return;
    this.#wasFull = false;
    this.onDrain?.();
  }

  reset(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    const { reason } = this.#request.record;
    // A call says in its trailers that it failed, and how: no client takes half of its reply for whole.
    const isTold = this.#request.isCall && this.#isHeadSent && !this.#isEndSent && this.#pending.bytes === 0;
    if (isTold && reason !== "" && reason !== "client_gone") {
      this.#request.record.grpcStatus = writeCallEnd(this.#codec, stream, reason);
      this.#codec.reset(stream, ErrorCode.noError);
    } else this.#codec.reset(stream, codeOf(reason));
    this.#owner.touch();
    this.#leave();
  }

  settle(): void {
    if (this.#stream === undefined || !this.#request.isResponded || !this.#isEndSent) return;
    if (this.#request.isWhole) this.#finish();
    // What is left of it may be at hand already.
    else this.#owner.onEarly(this, this.#stream);
  }

  /** The response is out and the request is not whole: its client need send no more (RFC 9113, section 8.1). */
  endEarly(stream: Stream): void {
    if (this.#stream !== stream) return;
    this.#codec.reset(stream, ErrorCode.noError);
    this.#finish();
  }

  /** The client has the whole response. */
  #finish(): void {
    this.#request.end();
    this.#letGo();
  }

  /** The stream is no more, whatever was under way. */
  #leave(): void {
    if (this.#stream === undefined) return;
    this.#request.gone();
    this.#letGo();
  }

  #letGo(): void {
    const stream = this.#stream;
    if (stream !== undefined) stream.owner = undefined;
    this.#stream = undefined;
    this.#pending.drop();
    this.#trailers = undefined;
    this.onDrain = undefined;
    this.#isPaused = false;
    this.#wasFull = false;
    this.#release();
    this.#owner.onReleased(this);
  }

  /** No stream will follow. */
  close(): void {
    if (this.#stream === undefined) this.#request.gone();
    else this.#leave();
  }
}

/** Trailers that end a call for `reason`; gives their status. */
function writeCallEnd(codec: Connection, stream: Stream, reason: Reason): GrpcStatus {
  const { status, message } = rescue(reason);
  const code = grpcStatusOf(status, reason);
  edits.clear();
  edits.add("grpc-status", String(code));
  edits.add("grpc-message", encodeMessage(message));
  writeOwnTrailers(codec, stream, edits);
  return code;
}

/** What a client is told of a response that broke off. */
function codeOf(reason: Reason | ""): ErrorCode {
  if (reason === "client_gone" || reason === "request_timeout" || reason === "connection_ended")
    return ErrorCode.cancel;
  return ErrorCode.internalError;
}
