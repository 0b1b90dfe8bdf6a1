/**
 * A client's connection of HTTP/2: its streams' requests side by side, one write for a turn of
 * the event loop. A stream that stalls holds up itself alone; a client that takes nothing of what
 * was written is not read until it does.
 *
 *     open ──drain──▶ leaving: GOAWAY of all, then, a round trip later, of what came
 *      │                 │
 *      └──retire, idle──▶└──▶ last: GOAWAY of what came ──nothing under way──▶ lingering ──▶ closed
 */
import { Connection, Http2Event } from "../../http2/connection.ts";
import { ErrorCode } from "../../http2/error-code.ts";
import type { HeadCoding } from "../../http2/head-coding.ts";
import { DEFAULT_HTTP2_LIMITS, MESH_LIMITS } from "../../http2/limits.ts";
import type { Stream } from "../../http2/stream.ts";
import { Timer } from "../../time/timer-wheel.ts";
import { countFault } from "../net/faulty.ts";
import { Outgoing } from "../net/outgoing.ts";
import type { Thread } from "../plane/thread.ts";
import type { Speaker, SpeakerOptions } from "./client-socket.ts";
import { type DownstreamTimeouts, LINGER_BYTES_MAX, LINGER_MS } from "./downstream-timeouts.ts";
import { Http2Request, type StreamOwner } from "./http2-request.ts";
import { Intake } from "./intake.ts";

type State = "open" | "leaving" | "last" | "lingering" | "closed";

/** Content that streams have received and not used up, beyond which the connection's window waits for them. */
const HELD_BYTES_MAX = 8 * 1024 * 1024;
/** Requests that are kept for streams to come, of a connection on which nothing is under way. */
const KEPT_IDLE = 4;
/** So long after the last one's end. */
const KEPT_MS = 5000;
/** For a client that does not answer a ping, in place of a round trip. */
const ROUND_TRIP_MS = 1000;

export class Http2Connection implements Speaker, StreamOwner {
  readonly codec: Connection;
  readonly #options: SpeakerOptions;
  readonly #thread: Thread;
  readonly #timeouts: DownstreamTimeouts;
  readonly #out: Outgoing;
  readonly #intake: Intake;
  readonly #active = new Set<Http2Request>();
  readonly #free: Http2Request[] = [];
  /** Content waits for windows, or for the client to take what was written. */
  readonly #blocked = new Set<Http2Request>();
  readonly #early: { readonly request: Http2Request; readonly stream: Stream }[] = [];
  readonly #watch: Timer;
  /** A frame that is no content, or a head, has begun and is not whole. */
  readonly #frame: Timer;
  /** The one that it is armed for; 0: none. */
  #pendingFrame = 0;
  readonly #leave: Timer;
  readonly #end: Timer;
  #state: State = "open";
  /** Whose events are dealt with. */
  #current: Http2Request | undefined = undefined;
  /** When bytes came last. */
  #sinceMs = Number.NaN;
  /** Since when no request has been under way; PINGs and windows keep no connection. */
  #idleSinceMs = Number.NaN;
  #heldBytes = 0;
  /** Of those, what the connection's window waits for. */
  #deferredBytes = 0;
  #lingered = 0;
  #isInputEnded = false;
  #wasPending = false;

  /** `raw`: the client is a sidecar, and has agreed on it. */
  constructor(options: SpeakerOptions, coding: HeadCoding = "hpack") {
    const { thread, socket, timeouts } = options;
    this.#options = options;
    this.#thread = thread;
    this.#timeouts = timeouts;
    this.codec = new Connection("server", coding === "raw" ? MESH_LIMITS : DEFAULT_HTTP2_LIMITS, coding);
    this.codec.output.use(thread.slabs, () => this.touch());
    const { slabs, turn, writesThrough, nativeWrites } = thread;
    this.#intake = new Intake(socket, slabs);
    this.#out = new Outgoing(socket, slabs, turn, this, { writesThrough, nativeWrites, readsOn: false });
    this.#out.onFlush = () => this.#onFlush();
    this.#out.onDrain = () => this.#onDrain();
    this.#sinceMs = thread.monoMs();
    this.#idleSinceMs = this.#sinceMs;
    this.#watch = new Timer(() => this.#onWatch(), this);
    this.#frame = new Timer(() => this.#fail("a frame that does not come to its end"), this);
    this.#leave = new Timer(() => this.#leaveAtLast(), this);
    this.#end = new Timer(() => this.#onGraceOver(), this);
    thread.arm(this.#watch, Math.min(timeouts.idleMs, timeouts.stallMs));
    this.touch();
  }

  // The connection's life.

  /** Takes no further request, once the client has heard of it; none is lost. */
  drain(): void {
    if (this.#state !== "open") return;
    this.#state = "leaving";
    this.codec.leave(false);
    this.codec.ping();
    this.#thread.arm(this.#leave, ROUND_TRIP_MS);
    this.touch();
  }

  retire(graceMs: number): void {
    if (this.#state === "lingering" || this.#state === "closed") return;
    // The first word on it stands: none gives more time than another has left.
    if (!this.#end.isArmed) this.#thread.arm(this.#end, graceMs);
    this.#leaveAtLast();
  }

  destroy(): void {
    this.#options.socket.destroy();
    this.onClosed();
  }

  /** What the client has begun so far is served, and nothing else. */
  #leaveAtLast(): void {
    if (this.#state !== "open" && this.#state !== "leaving") return;
    this.#state = "last";
    this.#thread.disarm(this.#leave);
    this.codec.leave(true);
    this.touch();
    if (this.#active.size === 0) this.#close();
  }

  #onGraceOver(): void {
    for (const request of [...this.#active]) request.giveUp("connection_ended", "its grace is over");
  }

  /** The client does what no client does that means well, or breaks the protocol. */
  #fail(reason: string): void {
    this.codec.fail(ErrorCode.enhanceYourCalm, reason);
    this.#onCodecFault();
  }

  #onCodecFault(): void {
    const { code, reason } = this.codec;
    this.#thread.log.log("debug", "an HTTP/2 connection failed", { code, reason });
    this.touch();
    this.#endAll();
    this.#close();
  }

  #endAll(): void {
    for (const request of [...this.#active]) this.#guard(request, () => request.gone(true));
  }

  /** Sends what is left, then ends. */
  #close(): void {
    if (this.#state === "closed" || this.#state === "lingering") return;
    this.#state = "lingering";
    this.#lingered = 0;
    this.#sinceMs = this.#thread.monoMs();
    this.#spill();
    this.#out.end();
    this.#intake.open();
    this.#thread.arm(this.#watch, this.#isInputEnded ? this.#timeouts.stallMs : LINGER_MS);
  }

  onClosed(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    for (const timer of [this.#watch, this.#frame, this.#leave, this.#end]) this.#thread.disarm(timer);
    try {
      for (const request of [...this.#active, ...this.#free]) this.#guard(request, () => request.close());
    } finally {
      this.#free.length = 0;
      this.#blocked.clear();
      this.codec.output.clear();
      this.#out.close();
      this.#intake.drop();
      this.#options.onClosed();
    }
  }

  /** A fault of our own: the request under way answers for it; where there is none, the connection ends. */
  onFault(error: unknown): void {
    const current = this.#current;
    this.#current = undefined;
    // What stands half in the output would be read as the next one's.
    if (current !== undefined && !this.codec.isInHead) return void current.onFault(error);
    countFault(this.#thread, error);
    try {
      this.destroy();
    } catch (again) {
      countFault(this.#thread, again);
      this.#options.socket.destroy();
    }
  }

  /** A fault of one request's is not the others'. */
  #guard(request: Http2Request, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#current = request;
      this.onFault(error);
    }
  }

  // Reading.

  onBytes(bytes: Buffer, length: number): void {
    if (this.#state === "closed") return;
    if (this.#state === "lingering") {
      this.#lingered += length;
      if (this.#lingered > LINGER_BYTES_MAX) this.destroy();
    } else if (this.#intake.isBlocked || this.#intake.isWaiting) this.#intake.keep(bytes, 0, length);
    else this.#consume(bytes, length);
  }

  #consume(bytes: Buffer, length: number): void {
    const { codec } = this;
    this.#sinceMs = this.#thread.monoMs();
    codec.nowMs = this.#sinceMs;
    for (let at = 0; this.#state !== "lingering" && this.#state !== "closed"; at = codec.at) {
      // Beyond this a client that takes nothing would make us hold what it asks for.
      if (at < length && this.#out.isFull) {
        this.#intake.keep(bytes, at, length);
        this.#intake.block(true);
        break;
      }
      this.#current = undefined;
      const event = codec.next(bytes, at, length);
      if (event === Http2Event.needMore) break;
      try {
        this.#on(event);
      } catch (error) {
        // Of what came with it the others lose nothing.
        this.onFault(error);
      }
    }
    this.#current = undefined;
    if ((this.#state as State) === "closed") return;
    // What waits here is not the client's delay.
    this.#watchFrame(this.#intake.isBlocked ? 0 : codec.pendingHead);
    this.touch();
  }

  /** `pending`: which frame is not whole; each has its time. */
  #watchFrame(pending: number): void {
    if (pending === this.#pendingFrame) return;
    this.#pendingFrame = pending;
    if (pending === 0) this.#thread.disarm(this.#frame);
    else this.#thread.arm(this.#frame, this.#timeouts.headMs);
  }

  #on(event: Http2Event): void {
    const { codec } = this;
    const { stream } = codec;
    const request = stream?.owner as Http2Request | undefined;
    this.#current = request;
    switch (event) {
      case Http2Event.head:
        return void this.#begin(stream as Stream).begin(stream as Stream, codec.head, codec.isEnd);
      case Http2Event.refusal:
        if (codec.refusal === undefined) return;
        return void this.#begin(stream as Stream).refuse(stream as Stream, codec.refusal);
      case Http2Event.content:
        if (request !== undefined) return void request.content(codec.bytes, codec.from, codec.to, codec.isEnd);
        return void codec.releaseConnection(codec.to - codec.from);
      case Http2Event.trailers:
        return void request?.trailers(codec.head);
      case Http2Event.reset:
        return void request?.gone(codec.byPeer);
      case Http2Event.window:
        return void this.#pump();
      case Http2Event.pong:
        return void this.#leaveAtLast();
      case Http2Event.goaway:
        if (this.#active.size === 0) this.#leaveAtLast();
        return;
      case Http2Event.fault:
        return void this.#onCodecFault();
      default:
    }
  }

  #begin(stream: Stream): Http2Request {
    const { thread, handler, client } = this.#options;
    const request = this.#free.pop() ?? new Http2Request(thread, this, handler, client);
    this.#active.add(request);
    stream.owner = request;
    this.#current = request;
    if (handler.isDraining) this.drain();
    return request;
  }

  onEnd(): void {
    this.#isInputEnded = true;
    // Streams need both directions: of a client that sends nothing more no window would ever open.
    if (this.#state === "lingering" || this.#state === "closed") return;
    if (this.#intake.isWaiting) return;
    this.#endAll();
    this.#close();
  }

  /** The client has taken enough of what was written. */
  #onDrain(): void {
    this.codec.wrote();
    this.#pump();
    if (!this.#intake.isBlocked || this.#out.isFull) return;
    this.#intake.block(false);
    this.#intake.take((bytes, length) => this.#consume(bytes, length));
    if ((this.#state as State) === "closed") return;
    if (this.#isInputEnded && !this.#intake.isWaiting) this.onEnd();
    this.#intake.settle();
  }

  /** Streams that wait send by turns what windows and client take. */
  #pump(): void {
    let hasSent = true;
    while (hasSent && !this.#out.isFull) {
      hasSent = false;
      for (const request of [...this.#blocked]) {
        let sent = 0;
        this.#guard(request, () => {
          sent = request.send();
        });
        if (sent === 0) continue;
        hasSent = true;
        this.touch();
        if (this.#blocked.delete(request)) this.#blocked.add(request);
        if (this.#out.isFull) break;
      }
    }
    for (const request of [...this.#blocked]) {
      this.#guard(request, () => request.drained());
      if (request.isFree) this.#blocked.delete(request);
    }
  }

  // What its streams ask for.

  get isFull(): boolean {
    return this.#out.isFull;
  }

  onBlocked(request: Http2Request): void {
    this.#blocked.add(request);
  }

  onEarly(request: Http2Request, stream: Stream): void {
    this.#early.push({ request, stream });
    this.#schedule();
  }

  onReleased(request: Http2Request): void {
    this.#blocked.delete(request);
    if (!this.#active.delete(request)) return;
    this.#free.push(request);
    if (this.#active.size > 0) return;
    this.#idleSinceMs = this.#thread.monoMs();
    if (this.#state === "last") this.#schedule();
  }

  hold(count: number): void {
    this.#heldBytes += count;
    if (this.#heldBytes <= HELD_BYTES_MAX) this.codec.releaseConnection(count);
    else this.#deferredBytes += count;
  }

  letGo(count: number): void {
    this.#heldBytes -= count;
    const due = Math.min(count, this.#deferredBytes);
    this.#deferredBytes -= due;
    this.codec.releaseConnection(due);
  }

  // Writing.

  touch(): void {
    const { output } = this.codec;
    if (output.isFull) this.#spill();
    else if (output.end > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#state !== "closed") this.#out.wake();
  }

  /** All that came in this turn is dealt with. */
  #onFlush(): void {
    for (const { request, stream } of this.#early.splice(0)) this.#guard(request, () => request.endEarly(stream));
    this.#spill();
    if (this.#state === "last" && this.#active.size === 0) this.#close();
  }

  #spill(): void {
    const { codec } = this;
    const { output } = codec;
    if (output.end === 0 || this.#state === "closed") return;
    if (this.#out.pendingBytes === 0) codec.wrote();
    const { end } = output;
    this.#out.give(output.takeBuffer() as Buffer, end);
  }

  // Time.

  #onWatch(): void {
    const { idleMs, stallMs } = this.#timeouts;
    const nowMs = this.#thread.monoMs();
    const quietMs = nowMs - this.#sinceMs;
    if (this.#state === "closed") return;
    const takesNothing = this.#out.pendingBytes > 0 && !this.#out.hasMoved();
    if (this.#state === "lingering") {
      if (this.#out.pendingBytes > 0 && (!takesNothing || quietMs < stallMs)) {
        return void this.#thread.arm(this.#watch, stallMs);
      }
      return void this.destroy();
    }
    // Two looks in a row, so that what was written just now is not held against anyone.
    if (takesNothing && this.#wasPending && quietMs >= stallMs) return void this.destroy();
    this.#wasPending = this.#out.pendingBytes > 0;
    if (this.#active.size === 0) {
      const idleForMs = nowMs - this.#idleSinceMs;
      // A burst ends without a request under way again and again: only once it is over are fewer kept.
      if (idleForMs >= KEPT_MS) for (const surplus of this.#free.splice(KEPT_IDLE)) surplus.close();
      if (idleForMs >= idleMs) return void this.#leaveAtLast();
      const nextMs = this.#free.length > KEPT_IDLE ? KEPT_MS : stallMs;
      return void this.#thread.arm(this.#watch, Math.min(idleMs - idleForMs, nextMs));
    }
    for (const request of [...this.#active]) this.#guard(request, () => request.look(stallMs));
    this.#thread.arm(this.#watch, stallMs);
  }
}
