/**
 * A client's connection of HTTP/1.x: reads requests one after the other, and writes their
 * responses. How they are framed, and whether the connection stays, is decided here and in
 * ClientResponse, and nowhere else. Pipelined bytes wait until the response before them is
 * out, and until the client has taken enough of what it got. Every way to stall ends at a
 * deadline.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { faultReason } from "../../filter/fault-reason.ts";
import type { Reason } from "../../filter/reason.ts";
import { Framing, type Head } from "../../http1/head.ts";
import { keepAliveLine } from "../../http1/keep-alive.ts";
import { ReaderEvent } from "../../http1/reader-event.ts";
import type { ReadyLines } from "../../http1/ready-lines.ts";
import { RequestReader } from "../../http1/request-reader.ts";
import type { ResponseChanges } from "../../stream/request-stream.ts";
import { Timer } from "../../time/timer-wheel.ts";
import { countFault, guarded } from "../net/faulty.ts";
import { Outgoing } from "../net/outgoing.ts";
import type { Thread } from "../plane/thread.ts";
import { type Answer, encodeAnswer } from "../request/answer.ts";
import { ClientRequest, type ClientStream } from "../request/client-request.ts";
import { ClientResponse } from "./client-response.ts";
import type { Speaker, SpeakerOptions } from "./client-socket.ts";
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

/** `reading`: between requests · `busy`: one is under way · `lingering`: what is left is sent, nothing more is taken. */
type State = "reading" | "busy" | "lingering" | "closed";

export class Http1Connection implements ClientStream, Speaker {
  readonly #thread: Thread;
  readonly #out: Outgoing;
  readonly #request: ClientRequest;
  readonly #response = new ClientResponse();
  readonly #socket: Socket;
  readonly #timeouts: DownstreamTimeouts;
  readonly #onClosed: () => void;
  readonly #reader = new RequestReader();
  readonly #watch: Timer;
  readonly #hold: Timer;
  readonly #end: Timer;
  readonly #left: Timer;
  /** `#hold`, and `#left`, were armed since they were disarmed last. */
  #isHolding = false;
  #isWatchingLeft = false;
  /** The reader keeps something large of the head that was read last. */
  #isLarge = false;
  #state: State = "reading";
  #sinceMs = Number.NaN;
  readonly #intake: Intake;
  #isInputEnded = false;
  /** Bytes at hand follow the request that ends now. */
  #hasRest = false;
  /** A head has begun and is not whole. */
  #isHeadPending = false;
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
  /** Bytes that the client had taken when it was asked last. */
  #takenTotal = -1;
  /** Once a connection, to a sidecar: it closes its idle connections before we do. */
  #idleLine: ReadyLines | undefined;
  readonly #takeIdleLine = (): ReadyLines | undefined => {
    const line = this.#idleLine;
    this.#idleLine = undefined;
    return line;
  };

  constructor({ thread, socket, handler, client, timeouts, onClosed }: SpeakerOptions) {
    this.#thread = thread;
    this.#socket = socket;
    this.#timeouts = timeouts;
    this.#onClosed = onClosed;
    const { slabs, turn, writesThrough, nativeWrites } = thread;
    this.#intake = new Intake(socket, slabs);
    this.#out = new Outgoing(socket, slabs, turn, this, { writesThrough, nativeWrites, readsOn: false });
    this.#request = new ClientRequest(thread, handler, this, client);
    this.#sinceMs = thread.monoMs();
    this.#idleLine = client.context.principal === undefined ? undefined : keepAliveLine(timeouts.idleMs);
    this.#watch = new Timer(() => this.#onWatch(), this);
    this.#hold = new Timer(() => this.#request.start(), this);
    this.#end = new Timer(() => this.#request.giveUp("connection_ended", "its grace is over"), this);
    this.#left = new Timer(() => this.#onLeft(), this);
    thread.arm(this.#watch, Math.min(timeouts.idleMs, timeouts.stallMs));
  }

  #isIdle(): boolean {
    return this.#state === "reading" && this.#reader.isIdle;
  }

  /** The response should end the connection. */
  #isEnding(): boolean {
    return this.#isRetired || this.#request.isDraining;
  }

  /** Ends an idle connection, a busy one after its response; one that was opened just now may still have its request under way. */
  drain(): void {
    if (this.#isIdle() && this.#thread.monoMs() - this.#sinceMs >= SETTLE_MS) this.#close();
  }

  /** Takes no further request: ends now, or with the response under way, for which there are `graceMs`. */
  retire(graceMs: number): void {
    if (this.#isRetired || this.#state === "closed" || this.#state === "lingering") return;
    this.#isRetired = true;
    if (this.#state === "reading") this.#close();
    else this.#thread.arm(this.#end, graceMs);
  }

  destroy(): void {
    this.#socket.destroy();
    this.onClosed();
  }

  /** The client speaks another protocol: nothing of this is left, and the socket is another's. */
  giveUp(): void {
    this.#state = "closed";
    this.#disarm();
    this.#request.gone();
    this.#out.close();
    this.#reader.close();
  }

  /** A fault of our own: the request under way answers for it, and the connection ends. */
  onFault(error: unknown): void {
    if (this.#state === "busy") return void this.#request.onFault(error);
    countFault(this.#thread, error);
    try {
      this.destroy();
    } catch (again) {
      countFault(this.#thread, again);
      // The last resort: its close ends what is left.
      this.#socket.destroy();
    }
  }

  // Reading.

  onBytes(bytes: Buffer, length: number): void {
    if (this.#state === "lingering") {
      this.#lingered += length;
      if (this.#lingered > LINGER_BYTES_MAX) this.destroy();
    } else if (this.#mustWait()) this.#intake.keep(bytes, 0, length);
    else {
      // What comes ahead of its turn moves nothing: a client that takes no response stalls all the same.
      this.#sinceMs = this.#thread.monoMs();
      this.#consume(bytes, length);
    }
  }

  #mustWait(): boolean {
    return this.#intake.isBlocked || this.#intake.isWaiting || (this.#state === "busy" && this.#request.isWhole);
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
          this.#request.content(bytes, reader.from, reader.to);
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
      const { exchange, record } = this.#request;
      if (!exchange.isHeld) return;
      if (!this.#reader.isInFraming || record.bytesIn > 0 || this.#reader.head.expectsContinue) this.#start();
      else if (!this.#hold.isArmed) {
        this.#isHolding = true;
        this.#thread.arm(this.#hold, HOLD_MS);
      }
    } else if (!this.#reader.isIdle && !this.#isHeadPending) {
      this.#isHeadPending = true;
      this.#thread.arm(this.#watch, this.#timeouts.headMs);
    }
  }

  #begin(head: Head): void {
    this.#isHeadPending = false;
    this.#state = "busy";
    this.#isLarge = this.#reader.isLarge;
    const isEnding = this.#isEnding();
    this.#keepAlive = head.keepAlive && !isEnding;
    this.#response.begin(head, isEnding);
    if (this.#isInputEnded) this.#watchLeft();
    this.#request.begin(head);
    // The framing of chunks may still prove broken.
    if (head.framing !== Framing.chunked) this.#request.start();
  }

  #endRequest(): void {
    this.#endHold();
    this.#request.contentEnd(this.#reader.trailers);
  }

  #endHold(): void {
    if (!this.#isHolding) return;
    this.#isHolding = false;
    this.#thread.disarm(this.#hold);
  }

  #start(): void {
    this.#endHold();
    this.#request.start();
  }

  /** What the connection carries from here on is not understood. */
  #refuseInput(): void {
    const { fault } = this.#reader;
    this.#isHeadPending = false;
    this.#state = "busy";
    this.#request.refuseInput(faultReason(fault), fault.reason);
  }

  onEnd(): void {
    this.#isInputEnded = true;
    // Closing by ourselves already: the socket ends once the rest is written.
    if (this.#state === "lingering") return;
    if (this.#state === "busy" && this.#request.isWhole) return void this.#watchLeft();
    if (this.#intake.isWaiting) return;
    if (this.#reader.finish() !== undefined) this.#refuseInput();
    else if (this.#state === "reading") this.#close();
  }

  #watchLeft(): void {
    const { leftMs } = this.#timeouts;
    this.#leftTotal = this.#out.total;
    if (leftMs === 0) return;
    this.#isWatchingLeft = true;
    this.#thread.arm(this.#left, leftMs);
  }

  /** Nothing was written to a client that may have left: it may wait no longer. What it has not taken yet tells by itself. */
  #onLeft(): void {
    if (this.#state !== "busy") return;
    if (this.#out.pendingBytes > 0 || this.#out.total !== this.#leftTotal) return void this.#watchLeft();
    this.#request.giveUp("client_gone", `half-closed, and nothing to send for ${this.#timeouts.leftMs} ms`);
  }

  // The request's stream.

  get isFull(): boolean {
    return this.#out.isFull;
  }

  set onDrain(onDrain: (() => void) | undefined) {
    this.#out.onDrain = onDrain;
  }

  pause(): void {
    this.#intake.want(false);
  }

  resume(): void {
    this.#intake.want(true);
  }

  isQuietFor(quietMs: number): boolean {
    return !this.#intake.isPaused && this.#thread.monoMs() - this.#sinceMs >= quietMs;
  }

  takesNothing(): boolean {
    const taken = this.#out.total - this.#out.pendingBytes;
    const isSame = taken === this.#takenTotal;
    this.#takenTotal = taken;
    return isSame;
  }

  closeAfter(): void {
    this.#keepAlive = false;
  }

  sendInterim(head: Head): void {
    this.#response.writeInterim(this.#out, head);
  }

  sendHead(head: Head, changes: ResponseChanges): void {
    // What began before the drain did ends its connection all the same, and says so; and so does
    // a response before the request's end: whoever sent the rest would wait for a reader.
    const isLast = this.#isEnding() || !this.#request.isWhole;
    this.#response.writeHead(this.#out, head, changes, isLast, this.#takeIdleLine);
    if (!this.#response.keepAlive) this.#keepAlive = false;
  }

  sendContent(bytes: Uint8Array, from: number, to: number): void {
    this.#response.writeContent(this.#out, bytes, from, to);
  }

  sendEnd(trailers: Head): void {
    this.#response.writeEnd(this.#out, trailers);
  }

  answer(answer: Answer, madeBy: Reason | ""): number {
    const { head } = this.#reader;
    if (this.#isEnding() || (!this.#request.isWhole && !mayDiscard(head))) this.#keepAlive = false;
    const bytes = encodeAnswer(answer, head, { keepAlive: this.#keepAlive, wallMs: this.#thread.wallMs(), madeBy });
    this.#out.append(bytes, 0, bytes.length);
    return bytes.length;
  }

  /** Where the connection's end is the content's, an orderly one would make half look whole. */
  reset(): void {
    if (this.#state === "closed") return;
    if (this.#response.endsByClosing && !(this.#socket instanceof TLSSocket)) this.#socket.resetAndDestroy();
    this.destroy();
  }

  /** Of a connection that ends, the request need not be read to its end. */
  settle(): void {
    if (this.#request.isResponded && (this.#request.isWhole || !this.#keepAlive)) this.#finish();
  }

  /** The response is out: on to the next request, or to the end of the connection. */
  #finish(): void {
    this.#endRecord();
    const mayFollow = !this.#isInputEnded || this.#hasRest || this.#intake.isWaiting;
    if (!this.#keepAlive || this.#isRetired || !mayFollow) return void this.#close();
    this.#state = "reading";
    if (this.#isLarge) this.#reader.rest();
    this.#sinceMs = this.#thread.monoMs();
    if (this.#out.isFull) this.#block();
    // From the top of a stack of its own: a pipeline of cheap requests must not nest.
    else if (this.#intake.isWaiting) this.#continueSoon();
  }

  #continueSoon(): void {
    setImmediate(guarded(this, () => this.#continue()));
  }

  /** Until the client has taken what it got. */
  #block(): void {
    this.#intake.block(true);
    this.#out.onDrain = () => {
      this.#out.onDrain = undefined;
      this.#intake.block(false);
      this.#continue();
    };
  }

  #continue(): void {
    if (this.#state !== "reading" || this.#intake.isBlocked) return;
    this.#intake.take((bytes, length) => this.#consume(bytes, length));
    if ((this.#state as State) === "closed") return;
    if (this.#isInputEnded && !this.#intake.isWaiting) this.onEnd();
    this.#intake.settle();
  }

  #endRecord(): void {
    this.#endHold();
    if (this.#isWatchingLeft) this.#thread.disarm(this.#left);
    this.#isWatchingLeft = false;
    this.#request.end();
  }

  /** Sends what is left, then ends; reads on for a while where the client may still be sending. */
  #close(): void {
    if (this.#state === "closed" || this.#state === "lingering") return;
    this.#state = "lingering";
    this.#lingered = 0;
    this.#sinceMs = this.#thread.monoMs();
    this.#out.end();
    this.#intake.open();
    this.#thread.arm(this.#watch, this.#isInputEnded ? this.#timeouts.stallMs : LINGER_MS);
  }

  #onWatch(): void {
    const { idleMs, headMs, stallMs } = this.#timeouts;
    const quietMs = this.#thread.monoMs() - this.#sinceMs;
    switch (this.#state) {
      case "closed":
        return;
      case "lingering":
        // A client that takes the last response slowly may go on, one that takes nothing may not.
        if (this.#out.pendingBytes > 0 && (this.#out.hasMoved() || quietMs < stallMs)) {
          return void this.#thread.arm(this.#watch, stallMs);
        }
        return void this.destroy();
      case "reading":
        if (this.#isHeadPending) {
          this.#isHeadPending = false;
          this.#state = "busy";
          return void this.#request.refuseInput("request_timeout", `no whole head in ${headMs} ms`);
        }
        if (quietMs >= idleMs) return void this.#close();
        return void this.#thread.arm(this.#watch, Math.min(idleMs - quietMs, stallMs));
      case "busy":
        return void this.#onBusyWatch(quietMs, stallMs);
    }
  }

  #onBusyWatch(quietMs: number, stallMs: number): void {
    const isQuiet = quietMs >= stallMs && !this.#out.hasMoved();
    const wasPending = this.#wasPending;
    this.#wasPending = this.#out.pendingBytes > 0;
    const isClientSlow = this.#wasPending ? wasPending : !this.#request.isWhole && !this.#intake.isPaused;
    this.#quietTurns = this.#request.exchange.hasMoved() || !isQuiet ? 0 : this.#quietTurns + 1;
    if (isClientSlow && isQuiet) this.#request.giveUp("request_timeout", `nothing sent or taken for ${stallMs} ms`);
    // Half-closed may be gone altogether: only writing would tell, and there is nothing to write.
    else if (this.#isInputEnded && this.#quietTurns > 0)
      this.#request.giveUp("client_gone", "half-closed, and nothing to send");
    else if (this.#quietTurns >= QUIET_TURNS_MAX)
      this.#request.giveUp("upstream_timeout", "nothing came from upstream");
    else this.#thread.arm(this.#watch, stallMs);
  }

  onClosed(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#disarm();
    try {
      this.#request.gone();
    } finally {
      this.#out.close();
      this.#intake.drop();
      this.#reader.close();
      this.#onClosed();
    }
  }

  #disarm(): void {
    for (const timer of [this.#watch, this.#hold, this.#end, this.#left]) this.#thread.disarm(timer);
  }
}

/** Content of an answered request that is read and thrown away, so that the connection stays. */
function mayDiscard({ expectsContinue, framing, contentLength }: Head): boolean {
  if (expectsContinue) return false;
  return framing === Framing.none || (framing === Framing.length && contentLength <= DISCARD_BYTES_MAX);
}
