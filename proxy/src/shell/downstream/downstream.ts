/**
 * A client's connection: reads requests one after the other, has each decided by its
 * handler, and hands on what the exchange needs. Pipelined bytes wait until the response
 * before them is out, and until the client has taken enough of what it got. Every way to
 * stall ends at a deadline.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ConnectionContext } from "@regomesh/policy-runtime";
import { faultReason } from "../../filter/fault-reason.ts";
import type { Reason } from "../../filter/reason.ts";
import { Framing, type Head } from "../../http1/head.ts";
import { keepAliveLine } from "../../http1/keep-alive.ts";
import { ReaderEvent } from "../../http1/reader-event.ts";
import type { ReadyLines } from "../../http1/ready-lines.ts";
import { RequestReader } from "../../http1/request-reader.ts";
import { Counter } from "../../metrics/counters.ts";
import { Timer } from "../../time/timer-wheel.ts";
import { countFault, guarded } from "../net/faulty.ts";
import { Outgoing } from "../net/outgoing.ts";
import { readInto } from "../net/read-into.ts";
import type { Thread } from "../plane/thread.ts";
import { type Answer, encodeAnswer, refusalAnswer } from "../request/answer.ts";
import { Exchange, type ExchangeSide } from "../request/exchange.ts";
import { describe } from "../request/handle-request.ts";
import type { RequestHandler } from "../request/request-handler.ts";
import { RequestRecord } from "../request/request-record.ts";
import {
  DISCARD_BYTES_MAX,
  type DownstreamTimeouts,
  HOLD_MS,
  LINGER_BYTES_MAX,
  LINGER_MS,
  QUIET_TURNS_MAX,
  SETTLE_MS,
} from "./downstream-timeouts.ts";
import { Intake } from "./intake.ts";

type State = "reading" | "busy" | "lingering" | "closed";

export class Downstream implements ExchangeSide {
  readonly thread: Thread;
  readonly context: ConnectionContext;
  readonly out: Outgoing;
  readonly exchange: Exchange;
  readonly record = new RequestRecord();
  readonly #socket: Socket;
  readonly #handler: RequestHandler;
  readonly #timeouts: DownstreamTimeouts;
  readonly #reader = new RequestReader();
  readonly #watch: Timer;
  readonly #hold: Timer;
  readonly #end: Timer;
  readonly #left: Timer;
  #state: State = "reading";
  #sinceMs: number;
  readonly #intake: Intake;
  #isInputEnded = false;
  /** Bytes at hand follow the request that ends now. */
  #hasRest = false;
  /** A head has begun and is not whole. */
  #isHeadPending = false;
  /** The request under way has been read to its end. */
  #isRequestEnd = false;
  /** Its response has been written to its end. */
  #isResponseEnd = false;
  #isAnswered = false;
  #keepAlive = true;
  /** Takes no further request: what opened the connection has come to its end. */
  #isRetired = false;
  #lingered = 0;
  /** Looks in a row, a stall's time apart, at which nothing had moved in any direction. */
  #quietTurns = 0;
  /** At the last look the client had something to take. */
  #wasPending = false;
  /** Bytes written when a client that may have left was looked at last. */
  #leftTotal = 0;
  #idleLine: ReadyLines | undefined;

  constructor(
    thread: Thread,
    socket: Socket,
    handler: RequestHandler,
    context: ConnectionContext,
    timeouts: DownstreamTimeouts,
  ) {
    this.thread = thread;
    this.#socket = socket;
    this.#handler = handler;
    this.context = context;
    this.#timeouts = timeouts;
    this.#intake = new Intake(socket);
    this.out = new Outgoing(socket, thread.slabs, thread.turn, this);
    this.exchange = new Exchange(thread, this);
    this.#sinceMs = thread.monoMs();
    this.#idleLine = context.principal === undefined ? undefined : keepAliveLine(timeouts.idleMs);
    this.#watch = new Timer(() => this.#onWatch(), this);
    this.#hold = new Timer(() => this.exchange.start(), this);
    this.#end = new Timer(() => this.#giveUp("connection_ended", "its grace is over"), this);
    this.#left = new Timer(() => this.#onLeft(), this);
    thread.arm(this.#watch, Math.min(timeouts.idleMs, timeouts.stallMs));
    thread.counters.add(Counter.connectionsOpened);
    thread.counters.add(Counter.connectionsOpen);
    const { readBuffer } = thread;
    const isReadInto = thread.readsInto && readInto(socket, readBuffer, (length) => this.#read(readBuffer, length));
    if (!isReadInto) socket.on("data", (chunk: Buffer) => this.#read(chunk, chunk.length));
    const onEnd = guarded(this, () => this.#onEnd());
    const onClose = guarded(this, () => this.#onClose());
    socket.on("end", onEnd).on("close", onClose);
    socket.on("error", () => {});
  }

  get isIdle(): boolean {
    return this.#state === "reading" && this.#reader.isIdle;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  get isEnding(): boolean {
    return this.#isRetired || this.#handler.isDraining;
  }

  /** Ends an idle connection, a busy one after its response; one that was opened just now may still have its request under way. */
  drain(): void {
    if (this.isIdle && this.thread.monoMs() - this.#sinceMs >= SETTLE_MS) this.#close();
  }

  /** Takes no further request: ends now, or with the response under way, for which there are `graceMs`. */
  retire(graceMs: number): void {
    if (this.#isRetired || this.#state === "closed" || this.#state === "lingering") return;
    this.#isRetired = true;
    if (this.#state === "reading") this.#close();
    else this.thread.arm(this.#end, graceMs);
  }

  destroy(): void {
    this.#socket.destroy();
    this.#onClose();
  }

  /** Once a connection, to a sidecar: it closes its idle connections before we do. */
  takeIdleLine(): ReadyLines | undefined {
    const line = this.#idleLine;
    this.#idleLine = undefined;
    return line;
  }

  /** A fault of our own: counted, answered with 500 where that is still possible, and the connection ends. */
  onFault(error: unknown): void {
    countFault(this.thread, error);
    try {
      if (this.#state !== "busy" || this.#isAnswered || this.exchange.status !== 0) return void this.destroy();
      this.#keepAlive = false;
      this.exchange.abort();
      this.respond("internal", "");
    } catch (again) {
      countFault(this.thread, again);
      // The last resort: its close ends what is left.
      this.#socket.destroy();
    }
  }

  // Reading.

  /** bytes[0, length) is the next one's as soon as this returns: what is kept is copied. */
  #read(bytes: Buffer, length: number): void {
    try {
      this.#onBytes(bytes, length);
    } catch (error) {
      this.onFault(error);
    }
    this.thread.afterRead?.(bytes);
  }

  #onBytes(bytes: Buffer, length: number): void {
    if (this.#state === "lingering") {
      this.#lingered += length;
      if (this.#lingered > LINGER_BYTES_MAX) this.destroy();
    } else if (this.#mustWait()) this.#intake.keep(bytes, 0, length);
    else {
      // What comes ahead of its turn moves nothing: a client that takes no response stalls all the same.
      this.#sinceMs = this.thread.monoMs();
      this.#consume(bytes, length);
    }
  }

  #mustWait(): boolean {
    return this.#intake.isBlocked || this.#intake.isWaiting || (this.#state === "busy" && this.#isRequestEnd);
  }

  #consume(bytes: Buffer, end: number): void {
    const reader = this.#reader;
    let at = 0;
    for (;;) {
      const event = reader.next(bytes, at, end);
      at = reader.at;
      switch (event) {
        case ReaderEvent.needMore:
          return void this.#settleRead();
        case ReaderEvent.head:
          this.#begin(reader.head);
          break;
        case ReaderEvent.content:
          this.record.bytesIn += reader.to - reader.from;
          if (!this.#isAnswered) this.exchange.content(bytes, reader.from, reader.to);
          break;
        case ReaderEvent.end:
          this.#hasRest = at < end;
          this.#endRequest();
          this.#hasRest = false;
          if (at < end && this.#mustWait()) return void this.#intake.keep(bytes, at, end);
          break;
        case ReaderEvent.fault:
          return void this.#refuseInput();
      }
      if (this.#state !== "reading" && this.#state !== "busy") return;
    }
  }

  /** All bytes at hand are read: a head that was held back may go on. */
  #settleRead(): void {
    if (this.#state === "busy") {
      if (!this.exchange.isHeld) return;
      if (!this.#reader.isInFraming || this.record.bytesIn > 0 || this.#reader.head.expectsContinue) this.#start();
      else if (!this.#hold.isArmed) this.thread.arm(this.#hold, HOLD_MS);
    } else if (!this.#reader.isIdle && !this.#isHeadPending) {
      this.#isHeadPending = true;
      this.thread.arm(this.#watch, this.#timeouts.headMs);
    }
  }

  #begin(head: Head): void {
    this.#open();
    this.#keepAlive = head.keepAlive && !this.isEnding;
    if (this.#isInputEnded) this.#watchLeft();
    if (this.thread.slabs.isExhausted) return void this.#refuseRequest(head);
    this.#handler.handle(this, head);
    if (!this.#isAnswered && head.framing !== Framing.chunked) this.exchange.start();
  }

  /** Whatever comes now is a request under way. */
  #open(): void {
    this.#isHeadPending = false;
    this.#state = "busy";
    this.#isAnswered = false;
    this.#isRequestEnd = false;
    this.#isResponseEnd = false;
    this.record.begin(this.thread.monoMs());
  }

  #refuseRequest(head: Head): void {
    describe(this, head);
    this.#keepAlive = false;
    this.respond("overloaded", "the proxy holds as many bytes as it may");
  }

  #endRequest(): void {
    const isAnswered = this.#isAnswered;
    this.#endHalf("request");
    if (isAnswered) return;
    this.exchange.contentEnd(this.#reader.trailers);
    this.#start();
  }

  /** The request is read, or the response out, to its end; both, or a connection that ends, are the exchange's end. */
  #endHalf(half: "request" | "response"): void {
    if (half === "request") this.#isRequestEnd = true;
    else this.#isResponseEnd = true;
    if (this.#isResponseEnd && (this.#isRequestEnd || !this.#keepAlive)) this.#finish();
  }

  #start(): void {
    this.thread.disarm(this.#hold);
    this.exchange.start();
  }

  #refuseInput(): void {
    const reason = faultReason(this.#reader.fault);
    const detail = this.#reader.fault.reason;
    // What the connection carries from here on is not understood.
    if (this.#state === "reading") this.#open();
    this.#keepAlive = false;
    if (this.#isAnswered) return void this.#endHalf("request");
    if (this.exchange.isResponding) return void this.cut(reason);
    this.exchange.abort();
    this.respond(reason, detail);
  }

  #onEnd(): void {
    this.#isInputEnded = true;
    // Closing by ourselves already: the socket ends once the rest is written.
    if (this.#state === "lingering") return;
    if (this.#state === "busy" && this.#isRequestEnd) return void this.#watchLeft();
    if (this.#intake.isWaiting) return;
    if (this.#reader.finish() !== undefined) this.#refuseInput();
    else if (this.#state === "reading") this.#close();
  }

  #watchLeft(): void {
    const { leftMs } = this.#timeouts;
    this.#leftTotal = this.out.total;
    if (leftMs > 0) this.thread.arm(this.#left, leftMs);
  }

  /** Nothing was written to a client that may have left: it may wait no longer. What it has not taken yet tells by itself. */
  #onLeft(): void {
    if (this.#state !== "busy") return;
    if (this.out.pendingBytes > 0 || this.out.total !== this.#leftTotal) return void this.#watchLeft();
    this.#giveUp("client_gone", `half-closed, and nothing to send for ${this.#timeouts.leftMs} ms`);
  }

  // The exchange's side.

  pauseReading(): void {
    this.#intake.want(false);
  }

  resumeReading(): void {
    this.#intake.want(true);
  }

  yieldIfQuiet(quietMs: number): boolean {
    if (this.#isRequestEnd || this.#intake.isPaused || this.thread.monoMs() - this.#sinceMs < quietMs) return false;
    this.#giveUp("request_timeout", `nothing sent for ${quietMs} ms, and others wait`);
    return true;
  }

  respond(reason: Reason, detail: string, status = 0): void {
    this.answer(refusalAnswer(this, reason, detail, status === 0 ? {} : { status }));
  }

  /** Gives a response of the mesh itself. */
  answer(answer: Answer): void {
    if (this.#state !== "busy" || this.#isAnswered) return;
    if (this.exchange.isResponding) return void this.cut("internal");
    this.#isAnswered = true;
    this.record.status = answer.status;
    this.record.isLocal = true;
    const { head } = this.#reader;
    if (this.isEnding || (!this.#isRequestEnd && !this.#mayDiscard(head))) this.#keepAlive = false;
    const bytes = encodeAnswer(answer, head, {
      keepAlive: this.#keepAlive,
      wallMs: this.thread.wallMs(),
      // A sidecar that asks must know that it is not the application that failed, and believes it of us alone.
      madeBy: this.context.principal === undefined ? "" : this.record.reason,
    });
    this.record.bytesOut = bytes.length;
    this.out.append(bytes, 0, bytes.length);
    this.resumeReading();
    this.#endHalf("response");
  }

  #mayDiscard(head: Head): boolean {
    if (head.expectsContinue) return false;
    return (
      head.framing === Framing.none || (head.framing === Framing.length && head.contentLength <= DISCARD_BYTES_MAX)
    );
  }

  onExchangeDone(isClean: boolean): void {
    if (this.#state !== "busy") return;
    if (!isClean) this.#keepAlive = false;
    this.record.status = this.exchange.status;
    this.record.bytesOut = this.exchange.bytesOut;
    this.#endHalf("response");
  }

  cut(reason: Reason): void {
    if (this.#state === "closed") return;
    const { record, exchange } = this;
    record.cut(reason, exchange);
    // Where the connection's end is the content's, an orderly one would make half look whole.
    if (exchange.endsByClosing && !(this.#socket instanceof TLSSocket)) this.#socket.resetAndDestroy();
    this.destroy();
  }

  /** The response is out: on to the next request, or to the end of the connection. */
  #finish(): void {
    this.#endRecord();
    const mayFollow = !this.#isInputEnded || this.#hasRest || this.#intake.isWaiting;
    if (!this.#keepAlive || this.#isRetired || !mayFollow) return void this.#close();
    this.#state = "reading";
    this.#isRequestEnd = false;
    this.#sinceMs = this.thread.monoMs();
    if (this.out.isFull) this.#block();
    // From the top of a stack of its own: a pipeline of cheap requests must not nest.
    else if (this.#intake.isWaiting) this.#continueSoon();
  }

  #continueSoon(): void {
    setImmediate(guarded(this, () => this.#continue()));
  }

  /** Until the client has taken what it got. */
  #block(): void {
    this.#intake.block(true);
    this.out.onDrain = () => {
      this.out.onDrain = undefined;
      this.#intake.block(false);
      this.#continue();
    };
  }

  #continue(): void {
    if (this.#state !== "reading" || this.#intake.isBlocked) return;
    const waiting = this.#intake.take();
    this.#consume(waiting, waiting.length);
    if (this.isClosed) return;
    if (this.#isInputEnded && !this.#intake.isWaiting) this.#onEnd();
    this.#intake.settle();
  }

  #endRecord(): void {
    this.record.durationMs = this.thread.monoMs() - this.record.startedMs;
    this.thread.disarm(this.#hold);
    this.thread.disarm(this.#left);
    try {
      this.#handler.onRecord(this);
    } catch (error) {
      countFault(this.thread, error);
      this.#keepAlive = false;
    }
    this.exchange.reset();
    this.record.end();
  }

  /** Sends what is left, then ends; reads on for a while where the client may still be sending. */
  #close(): void {
    if (this.#state === "closed" || this.#state === "lingering") return;
    this.#state = "lingering";
    this.#lingered = 0;
    this.#sinceMs = this.thread.monoMs();
    this.out.end();
    this.#intake.open();
    this.thread.arm(this.#watch, this.#isInputEnded ? this.#timeouts.stallMs : LINGER_MS);
  }

  #onWatch(): void {
    const { idleMs, headMs, stallMs } = this.#timeouts;
    const quietMs = this.thread.monoMs() - this.#sinceMs;
    switch (this.#state) {
      case "closed":
        return;
      case "lingering":
        // A client that takes the last response slowly may go on, one that takes nothing may not.
        if (this.out.pendingBytes > 0 && (this.out.hasMoved() || quietMs < stallMs)) {
          return void this.thread.arm(this.#watch, stallMs);
        }
        return void this.destroy();
      case "reading":
        if (this.#isHeadPending) {
          this.#open();
          this.#keepAlive = false;
          return void this.respond("request_timeout", `no whole head in ${headMs} ms`);
        }
        if (quietMs >= idleMs) return void this.#close();
        return void this.thread.arm(this.#watch, Math.min(idleMs - quietMs, stallMs));
      case "busy":
        return void this.#onBusyWatch(quietMs, stallMs);
    }
  }

  #onBusyWatch(quietMs: number, stallMs: number): void {
    const isQuiet = quietMs >= stallMs && !this.out.hasMoved();
    const wasPending = this.#wasPending;
    this.#wasPending = this.out.pendingBytes > 0;
    const isClientSlow = this.#wasPending ? wasPending : !this.#isRequestEnd && !this.#intake.isPaused;
    this.#quietTurns = this.exchange.hasMoved() || !isQuiet ? 0 : this.#quietTurns + 1;
    if (isClientSlow && isQuiet) this.#giveUp("request_timeout", `nothing sent or taken for ${stallMs} ms`);
    // Half-closed may be gone altogether: only writing would tell, and there is nothing to write.
    else if (this.#isInputEnded && this.#quietTurns > 0)
      this.#giveUp("client_gone", "half-closed, and nothing to send");
    else if (this.#quietTurns >= QUIET_TURNS_MAX) this.#giveUp("upstream_timeout", "nothing came from upstream");
    else this.thread.arm(this.#watch, stallMs);
  }

  #giveUp(reason: Reason, detail: string): void {
    const { exchange, record } = this;
    record.detail = detail;
    if (reason === "upstream_timeout" && !this.#isAnswered) return void exchange.giveUp();
    if (reason === "connection_ended" && exchange.isResponding) return void this.cut(reason);
    if (reason === "client_gone" || exchange.isResponding || this.#isAnswered) return void this.destroy();
    exchange.abort();
    this.#keepAlive = false;
    this.respond(reason, detail);
  }

  /** The client left a request that was under way; a refusal keeps its own reason. */
  #noteLeft(): void {
    this.thread.counters.add(Counter.clientsGone);
    if (!this.#isAnswered) this.record.leave(this.exchange);
  }

  #onClose(): void {
    if (this.#state === "closed") return;
    const wasBusy = this.#state === "busy";
    this.#state = "closed";
    this.thread.disarm(this.#watch);
    this.thread.disarm(this.#hold);
    this.thread.disarm(this.#end);
    this.thread.disarm(this.#left);
    this.thread.counters.add(Counter.connectionsOpen, -1);
    try {
      if (wasBusy) {
        if (!this.record.isCut) this.#noteLeft();
        this.exchange.abort();
        this.#endRecord();
      }
    } finally {
      this.out.close();
      this.#intake.take();
      this.#handler.onClosed(this);
    }
  }
}
