/**
 * One request from its head to its last byte, on one downstream connection; the record
 * is used again for the next one.
 *
 *     idle → held → waiting → sent → responding → idle
 *
 * held: decided, but the framing of its content may still prove broken. waiting: for a
 * connection, or for the time of a retry. A fault before `responding` gives a response of
 * our own; after it, the connection is cut, so that nobody takes half for whole.
 */
import type { Permit } from "../decide/permit.ts";
import type { Reason } from "../filter/reason.ts";
import { FieldEdits } from "../http1/field-edits.ts";
import { Framing, type Head } from "../http1/head.ts";
import { headRoom, writeResponseHead } from "../http1/head-writer.ts";
import { KnownField } from "../http1/known-field.ts";
import { isIdempotent, Method } from "../http1/method.ts";
import { appendContent, appendContentEnd } from "../message/content.ts";
import { Counter } from "../metrics/counters.ts";
import { abandon, admit, REFUSED, settle } from "../resilience/breaker.ts";
import { retryVerdict, type TryOutcome } from "../resilience/retry.ts";
import { giveBackRetry, takeRetry } from "../resilience/retry-budget.ts";
import { pickEndpoint } from "../route/cluster.ts";
import type { Endpoint } from "../route/endpoint.ts";
import { pickByKey } from "../route/pick-by-key.ts";
import { Timer } from "../time/timer-wheel.ts";
import type { Forwarding } from "./forwarding.ts";
import { HELD_BYTES_MAX, HeldContent } from "./held-content.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Pool, Waiter } from "./pool.ts";
import type { Thread } from "./thread.ts";
import type { Upstream, UpstreamUser } from "./upstream.ts";

export type Phase = "idle" | "held" | "waiting" | "sent" | "responding";

/** The connection that the request came on. */
export interface ExchangeSide {
  readonly out: Outgoing;
  /** The response should end the connection: the proxy is draining. */
  readonly isEnding: boolean;
  /** Reading stops, because nobody takes the content. */
  pauseReading(): void;
  resumeReading(): void;
  /** The mesh answers by itself. */
  respond(reason: Reason, detail: string): void;
  /** The response has gone out whole. `isClean`: the connection may carry another request. */
  onExchangeDone(isClean: boolean): void;
  /** The response broke off for `reason`: the connection is cut. */
  cut(reason: Reason): void;
}

/** Responses of the application whose decision id is not the mesh's word lose it. */
const edits = new FieldEdits();
const BACKOFF_MS = 25;

export class Exchange implements Waiter, UpstreamUser {
  readonly #thread: Thread;
  readonly #side: ExchangeSide;
  readonly #held: HeldContent;
  readonly #deadline: Timer;
  readonly #tryTimer: Timer;
  #forwarding: Forwarding | undefined = undefined;
  phase: Phase = "idle";
  /** The request's head as it goes on: bytes[0, headEnd) of a slab. */
  head: Buffer | undefined = undefined;
  headEnd = 0;
  #method: Method = Method.other;
  #framing: Framing = Framing.none;
  #minor = 1;
  #keepAlive = true;
  #isRequestWhole = false;
  #expectsContinue = false;
  #upstream: Upstream | undefined = undefined;
  #pool: Pool | undefined = undefined;
  endpoint: Endpoint | undefined = undefined;
  #generation = REFUSED;
  #isDelayed = false;
  #isActive = false;
  #holdsRetry = false;
  #isReused = false;
  #isPausedForUpstream = false;
  #responseFraming: Framing = Framing.none;
  tries = 0;
  status = 0;
  /** Content of the response. */
  bytesOut = 0;
  #hasMoved = false;

  constructor(thread: Thread, side: ExchangeSide) {
    this.#thread = thread;
    this.#side = side;
    this.#held = new HeldContent(thread.slabs);
    this.#deadline = new Timer(() => this.#onDeadline());
    this.#tryTimer = new Timer(() => this.#onTryTimer());
  }

  get isRequestWhole(): boolean {
    return this.#isRequestWhole;
  }

  get forwarding(): Forwarding | undefined {
    return this.#forwarding;
  }

  /** Whether anything came from upstream since this was asked last. */
  hasMoved(): boolean {
    const hasMoved = this.#hasMoved;
    this.#hasMoved = false;
    return hasMoved;
  }

  /** Takes the slab that holds the request's head as it goes on, in place of one it has. */
  hold(head: Buffer, headEnd: number): void {
    if (this.head !== undefined) this.#thread.slabs.giveBack(this.head);
    this.head = head;
    this.headEnd = headEnd;
  }

  /** The request of the head held was decided and may go on; `start` sends it. */
  begin(_permit: Permit, forwarding: Forwarding, received: Head, isClosing: boolean): void {
    this.#forwarding = forwarding;
    this.#method = received.method;
    this.#framing = received.framing;
    this.#minor = received.minor;
    this.#keepAlive = received.keepAlive && !isClosing;
    this.#expectsContinue = received.expectsContinue;
    this.#isRequestWhole = false;
    this.tries = 0;
    this.status = 0;
    this.bytesOut = 0;
    this.phase = "held";
    forwarding.cluster.budget.active++;
    if (forwarding.timeoutMs > 0) this.#thread.arm(this.#deadline, forwarding.timeoutMs);
  }

  start(): void {
    if (this.phase === "held" && !this.#isDelayed) this.#try(undefined);
  }

  /** Waits before the first try, as a fault that a policy injects asks. */
  delay(ms: number): void {
    this.#isDelayed = true;
    this.#thread.arm(this.#tryTimer, ms);
  }

  /** Content of the request as it came. */
  content(bytes: Uint8Array, from: number, to: number): void {
    const upstream = this.#upstream;
    if (this.#held.isWhole) {
      if (this.#held.bytes + to - from > HELD_BYTES_MAX && upstream !== undefined) this.#held.drop();
      else appendContent(this.#held, this.#framing, bytes, from, to);
    }
    if (upstream !== undefined) {
      appendContent(upstream.out, this.#framing, bytes, from, to);
      if (upstream.out.isFull) this.#pauseRequest(upstream);
    } else if (this.#held.bytes >= HELD_BYTES_MAX) this.#side.pauseReading();
  }

  contentEnd(trailers: Head): void {
    this.#isRequestWhole = true;
    if (this.#held.isWhole) appendContentEnd(this.#held, this.#framing, trailers);
    this.#mirror();
    if (this.#upstream !== undefined) appendContentEnd(this.#upstream.out, this.#framing, trailers);
  }

  /** Copies of the request go out once it is whole; of content beyond the bound there is no copy. */
  #mirror(): void {
    const { mirror } = this.#forwarding ?? {};
    if (mirror === undefined || this.head === undefined) return;
    if (this.#held.isWhole) mirror(this.#held.copyBehind(this.head.subarray(0, this.headEnd)), this.#method);
    else this.#thread.counters.add(Counter.mirrorsDropped);
  }

  /** The client broke the protocol or left: nothing of the request goes on any more. */
  abort(): void {
    this.#leaveUpstream();
  }

  /** Forgets the request; the connection's next one may begin. */
  reset(): void {
    this.#thread.disarm(this.#deadline);
    this.#thread.disarm(this.#tryTimer);
    this.#leaveUpstream();
    if (this.#forwarding !== undefined) {
      const { budget } = this.#forwarding.cluster;
      budget.active--;
      if (this.#holdsRetry) giveBackRetry(budget);
    }
    this.#holdsRetry = false;
    this.#isDelayed = false;
    this.#held.reset();
    if (this.head !== undefined) this.#thread.slabs.giveBack(this.head);
    this.head = undefined;
    this.#forwarding = undefined;
    this.endpoint = undefined;
    this.phase = "idle";
  }

  // Tries.

  #try(tried: Endpoint | undefined): void {
    const forwarding = this.#forwarding as Forwarding;
    const { cluster, group } = forwarding;
    this.phase = "waiting";
    this.tries++;
    if (group.endpoints.length === 0) return void this.#refuse("no_endpoint");
    const nowMs = this.#thread.monoMs();
    const { hashKey } = forwarding;
    const endpoint =
      hashKey === undefined
        ? pickEndpoint(cluster, group, tried, this.#thread.random, nowMs)
        : pickByKey(group.endpoints, hashKey, tried, nowMs);
    if (endpoint === undefined) return void this.#refuse("endpoints_ejected");
    this.#generation = admit(endpoint.breaker, nowMs);
    if (this.#generation === REFUSED) return void this.#refuse("endpoints_ejected");
    this.endpoint = endpoint;
    this.#isActive = true;
    endpoint.active++;
    const pool = forwarding.poolOf(endpoint);
    this.#pool = pool;
    if (forwarding.perTryMs > 0) this.#thread.arm(this.#tryTimer, forwarding.perTryMs);
    const upstream = pool.acquire(this);
    if (upstream === "full") return void this.#refuse("pool_exhausted");
    if (upstream !== "waiting") this.onUpstream(upstream);
  }

  onUpstream(upstream: Upstream): void {
    this.#upstream = upstream;
    this.phase = "sent";
    this.#isReused = upstream.uses > 0;
    upstream.uses++;
    upstream.user = this;
    upstream.reader.expect(this.#method);
    upstream.out.onDrain = undefined;
    upstream.out.append(this.head as Buffer, 0, this.headEnd);
    if (this.#held.bytes > 0) this.#held.sendTo(upstream.out);
    if (upstream.out.isFull) this.#pauseRequest(upstream);
    else this.#side.resumeReading();
  }

  onNoUpstream(reason: Reason): void {
    this.#failTry({ kind: "connect" }, reason);
  }

  onUpstreamFailed(_upstream: Upstream, reason: Reason): void {
    this.#upstream = undefined;
    if (reason === "upstream_protocol") this.#failTry({ kind: "status", status: 502 }, reason);
    else this.#failTry({ kind: "reset", isReused: this.#isReused }, reason);
  }

  /** The try came to nothing: once more, or say why. */
  #failTry(outcome: TryOutcome, reason: Reason): void {
    this.#settle(false);
    if (this.phase === "responding") return void this.#side.cut(reason);
    if (!this.#retry(outcome)) this.#refuse(reason);
  }

  /** True where the request will be tried again. */
  #retry(outcome: TryOutcome): boolean {
    const forwarding = this.#forwarding as Forwarding;
    const facts = {
      isIdempotent: isIdempotent(this.#method),
      hasSentContent: !this.#held.isWhole,
      triesMade: this.tries,
    };
    if (retryVerdict(outcome, facts, forwarding.retryOn, forwarding.attempts).kind !== "retry") return false;
    const { budgetPercent, budgetMin } = forwarding.cluster.service.traffic.retry;
    // A request that is being retried holds one place of the budget until it ends.
    if (!this.#holdsRetry && !takeRetry(forwarding.cluster.budget, budgetPercent, budgetMin)) return false;
    this.#holdsRetry = true;
    const { endpoint } = this;
    this.#leaveUpstream();
    this.phase = "waiting";
    this.#thread.counters.add(Counter.retries);
    // Where the endpoint itself is not in trouble there is nothing to wait for.
    const isFresh = outcome.kind === "connect" || (outcome.kind === "reset" && outcome.isReused);
    if (isFresh) this.#try(endpoint);
    else this.#thread.arm(this.#tryTimer, this.#thread.random() * BACKOFF_MS * 2 ** (this.tries - 1));
    return true;
  }

  #onTryTimer(): void {
    if (this.phase === "held") {
      this.#isDelayed = false;
      return void this.start();
    }
    if (this.phase === "waiting" && this.#pool === undefined) return void this.#try(this.endpoint);
    if (this.phase === "responding") return;
    this.#settle(false);
    this.#leaveUpstream();
    this.#failTry({ kind: "timeout" }, "upstream_timeout");
  }

  #onDeadline(): void {
    if (this.phase === "idle") return;
    this.#settle(false);
    this.#leaveUpstream();
    if (this.phase === "responding") this.#side.cut("request_deadline");
    else this.#refuse("request_deadline");
  }

  #refuse(reason: Reason): void {
    this.#leaveUpstream();
    this.#side.respond(reason, "");
  }

  /** Tells the endpoint's breaker how the try went, once. */
  #settle(isSuccess: boolean): void {
    const { endpoint } = this;
    if (endpoint === undefined || this.#generation === REFUSED) return;
    const { breaker } = (this.#forwarding as Forwarding).cluster.service.traffic;
    settle(endpoint.breaker, breaker, this.#generation, isSuccess, this.#thread.monoMs());
    this.#generation = REFUSED;
  }

  /** The endpoint has one request less; a try that was not settled says nothing of it. */
  #endTry(): void {
    const { endpoint } = this;
    if (endpoint === undefined || !this.#isActive) return;
    this.#isActive = false;
    endpoint.active--;
    if (this.#generation !== REFUSED) abandon(endpoint.breaker, this.#generation, this.#thread.monoMs());
    this.#generation = REFUSED;
  }

  /** Lets go of connection or place in the queue. */
  #leaveUpstream(): void {
    this.#thread.disarm(this.#tryTimer);
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (upstream !== undefined) upstream.destroy();
    else this.#pool?.cancel(this);
    this.#pool = undefined;
    this.#isPausedForUpstream = false;
    this.#endTry();
  }

  #pauseRequest(upstream: Upstream): void {
    this.#side.pauseReading();
    upstream.out.onDrain = () => this.#side.resumeReading();
  }

  // The response.

  onResponseHead(upstream: Upstream, head: Head): void {
    const forwarding = this.#forwarding as Forwarding;
    this.#hasMoved = true;
    if (head.status < 200) return void this.#interim(head);
    const isFailure = head.status >= 500;
    if (isFailure) {
      this.#settle(false);
      if (this.#retry({ kind: "status", status: head.status })) return;
    } else this.#settle(true);
    this.#thread.disarm(this.#tryTimer);
    this.#held.drop();
    this.phase = "responding";
    this.status = head.status;
    const { out } = this.#side;
    let framing = head.framing;
    if (framing === Framing.close) framing = this.#minor === 0 ? Framing.close : Framing.chunked;
    else if (framing === Framing.chunked && this.#minor === 0) framing = Framing.close;
    if (framing === Framing.close) this.#keepAlive = false;
    // What began before the drain did ends its connection all the same, and says so.
    if (this.#side.isEnding) this.#keepAlive = false;
    // A response before the request's end: whoever sent the rest would wait for a reader.
    if (!this.#isRequestWhole) this.#keepAlive = false;
    this.#responseFraming = framing;
    edits.clear(forwarding.isApplication ? 1 << KnownField.decisionId : 0);
    edits.framing = framing;
    forwarding.editResponse?.(edits, head);
    if (!this.#keepAlive) edits.add("connection", "close");
    else if (this.#minor === 0) edits.add("connection", "keep-alive");
    const room = headRoom(head, edits);
    const slab = out.reserve(room);
    const start = out.offset;
    out.commit(writeResponseHead(slab, start, head, edits) - start);
    out.onDrain = () => this.#resumeUpstream();
    if (out.isFull) this.#pauseUpstream(upstream);
  }

  /** 1xx goes on to whom can read it; 100 only to whom waits for it. */
  #interim(head: Head): void {
    if (this.#minor === 0 || (head.status === 100 && !this.#expectsContinue)) return;
    if (head.status === 100) this.#expectsContinue = false;
    edits.clear();
    const { out } = this.#side;
    const slab = out.reserve(headRoom(head, edits));
    const start = out.offset;
    out.commit(writeResponseHead(slab, start, head, edits) - start);
  }

  onResponseContent(bytes: Uint8Array, from: number, to: number): void {
    const { out } = this.#side;
    this.bytesOut += to - from;
    this.#hasMoved = true;
    appendContent(out, this.#responseFraming, bytes, from, to);
    if (out.isFull && this.#upstream !== undefined) this.#pauseUpstream(this.#upstream);
  }

  onResponseEnd(upstream: Upstream, isReusable: boolean): void {
    appendContentEnd(this.#side.out, this.#responseFraming, upstream.reader.trailers);
    this.#side.out.onDrain = undefined;
    this.#upstream = undefined;
    const pool = this.#pool;
    this.#pool = undefined;
    const isWhole = this.#isRequestWhole;
    this.#endTry();
    if (isReusable && isWhole) {
      if (this.#isPausedForUpstream) upstream.resume();
      this.#isPausedForUpstream = false;
      pool?.release(upstream);
    } else upstream.destroy();
    this.#side.onExchangeDone(this.#keepAlive && isWhole);
  }

  #pauseUpstream(upstream: Upstream): void {
    if (this.#isPausedForUpstream) return;
    this.#isPausedForUpstream = true;
    upstream.pause();
  }

  #resumeUpstream(): void {
    if (!this.#isPausedForUpstream) return;
    this.#isPausedForUpstream = false;
    this.#upstream?.resume();
  }
}
