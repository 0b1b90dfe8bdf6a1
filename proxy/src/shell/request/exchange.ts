/**
 * Carries one request after the other of a downstream connection: what its machine
 * (stream/exchange.ts) commands, it does to pool, upstream, breaker and client; the record
 * is used again for the next one.
 */
import { KnownField } from "@regomesh/policy-runtime";
import type { Permit } from "../../decide/permit.ts";
import type { Reason } from "../../filter/reason.ts";
import { isReason } from "../../filter/rescue.ts";
import { variableOf } from "../../http1/field-edits.ts";
import { Framing, type Head } from "../../http1/head.ts";
import { maskOf } from "../../http1/known-field.ts";
import { isIdempotent, Method } from "../../http1/method.ts";
import type { ReadyLines } from "../../http1/ready-lines.ts";
import { Counter } from "../../metrics/counters.ts";
import { admit, answer, type Outcome, settle, UNCOUNTED } from "../../resilience/breaker.ts";
import { mayEject } from "../../resilience/ejection.ts";
import { giveBackRetry, hasRetryRoom, takeRetry } from "../../resilience/retry-budget.ts";
import { type Group, pickEndpoint } from "../../route/cluster.ts";
import type { Endpoint } from "../../route/endpoint.ts";
import { pickByKey } from "../../route/pick-by-key.ts";
import {
  begin,
  type Circumstances,
  type Command,
  type ExchangeEvent,
  type ExchangeState,
  IDLE,
  type Move,
  type Request,
  step,
} from "../../stream/exchange.ts";
import type { StreamPool, StreamWaiter, UpstreamReset, UpstreamStream } from "../../stream/upstream-stream.ts";
import { Timer } from "../../time/timer-wheel.ts";
import { ClientResponse } from "../downstream/client-response.ts";
import type { Faulty } from "../net/faulty.ts";
import type { Outgoing } from "../net/outgoing.ts";
import type { Thread } from "../plane/thread.ts";
import { HELD_BYTES_MAX, HeldContent } from "../upstream/held-content.ts";
import type { Forwarding } from "./forwarding.ts";
import { namedBy, responseEdits } from "./permit-edits.ts";

/** The connection that the request came on. */
export interface ExchangeSide extends Faulty {
  readonly out: Outgoing;
  /** The response should end the connection: the proxy is draining. */
  readonly isEnding: boolean;
  /** Says once how long the connection may stay without a request, to a client that heeds it. */
  takeIdleLine(): ReadyLines | undefined;
  /** Reading stops, because nobody takes the content. */
  pauseReading(): void;
  resumeReading(): void;
  /** Ends the request where its client has sent nothing of its content for so long. */
  yieldIfQuiet(quietMs: number): boolean;
  /** The mesh answers by itself; `status` where it is not what the reason gives, otherwise 0. */
  respond(reason: Reason, detail: string, status?: number): void;
  /** The response has gone out whole. `isClean`: the connection may carry another request. */
  onExchangeDone(isClean: boolean): void;
  /** The response broke off for `reason`: the connection is cut. */
  cut(reason: Reason): void;
}

/** What an injected fault does to a request: first it waits, then it ends. */
export type InjectedFault = { readonly delayMs: number; readonly abortStatus: number };

export const NO_FAULT: InjectedFault = { delayMs: 0, abortStatus: 0 };

/** The mesh's own word in responses: it means nothing where an application says it, and no application needs it. */
const OF_APPLICATION = maskOf(KnownField.decisionId, KnownField.meshReason);
const OF_PEER = maskOf(KnownField.meshReason);

const START: ExchangeEvent = { kind: "start" };
const REQUEST_END: ExchangeEvent = { kind: "request-end" };
const QUEUED: ExchangeEvent = { kind: "queued" };
const CONNECTED_NEW: ExchangeEvent = { kind: "connected", isReused: false };
const CONNECTED_REUSED: ExchangeEvent = { kind: "connected", isReused: true };
const END: ExchangeEvent = { kind: "response-end" };
/** A head that is no 5xx: which of them it is changes nothing for the exchange. */
const HEAD: ExchangeEvent = { kind: "head", status: 200, madeBy: undefined };
const TIMER: ExchangeEvent = { kind: "timer" };
const DEADLINE: ExchangeEvent = { kind: "deadline" };
const SILENT: ExchangeEvent = { kind: "silent" };
const WITHDRAWN: ExchangeEvent = { kind: "withdrawn" };
const ABORT: ExchangeEvent = { kind: "abort" };

export class Exchange implements StreamWaiter, Circumstances {
  readonly #thread: Thread;
  readonly #side: ExchangeSide;
  readonly #held: HeldContent;
  readonly #deadline: Timer;
  readonly #timer: Timer;
  #state: ExchangeState = IDLE;
  #request: Request | undefined = undefined;
  #forwarding: Forwarding | undefined = undefined;
  /** By which it goes on, with what policy wants changed on both ways. */
  #permit: Permit | undefined = undefined;
  /** The request's head as it goes on: bytes[0, headEnd) of a slab. */
  head: Buffer | undefined = undefined;
  headEnd = 0;
  #method: Method = Method.other;
  #framing: Framing = Framing.none;
  readonly #response = new ClientResponse();
  #upstream: UpstreamStream | undefined = undefined;
  #pool: StreamPool | undefined = undefined;
  endpoint: Endpoint | undefined = undefined;
  #generation = UNCOUNTED;
  #isActive = false;
  #holdsRetry = false;
  #isPausedForUpstream = false;
  /** The final head under way to the client, while the machine is asked about it. */
  #final: Head | undefined = undefined;
  /** The subset that it went to instead of its own, which had no endpoint any more. */
  movedTo: Group | undefined = undefined;
  tries = 0;
  /** Of the response that has begun; 0: none has. */
  status = 0;
  /** The sidecar at the other end refused the request by its policy. */
  isRefusedByPeer = false;
  /** Why the last try failed, for logs. */
  #detail = "";
  /** Content of the response. */
  bytesOut = 0;
  #hasMoved = false;
  readonly #mayEject = () => mayEject(this.#forwarding?.cluster.groups.get("")?.endpoints ?? []);
  readonly #takeIdleLine = () => this.#side.takeIdleLine();
  readonly #resumeRequest = () => this.#side.resumeReading();
  readonly #resumeResponse = () => this.#resumeUpstream();

  constructor(thread: Thread, side: ExchangeSide) {
    this.#thread = thread;
    this.#side = side;
    this.#held = new HeldContent(thread.slabs);
    this.#deadline = new Timer(() => this.#on(DEADLINE), side);
    this.#timer = new Timer(() => this.#on(TIMER), side);
  }

  /** Decided, and not on its way yet. */
  get isHeld(): boolean {
    return this.#state.kind === "held";
  }

  /** The response has begun: only cutting it can say now that something is wrong. */
  get isResponding(): boolean {
    return this.#state.kind === "responding";
  }

  /** The response's end is the connection's end: an end by FIN would be taken for it. */
  get endsByClosing(): boolean {
    return this.#response.endsByClosing;
  }

  get canResend(): boolean {
    return this.#held.isWhole;
  }

  get isClientSlow(): boolean {
    return this.#isPausedForUpstream;
  }

  get hasRetryRoom(): boolean {
    const { cluster } = this.#forwarding as Forwarding;
    const { budgetPercent, budgetMin } = cluster.service.traffic.retry;
    return hasRetryRoom(cluster.budget, budgetPercent, budgetMin);
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
  begin(permit: Permit, forwarding: Forwarding, received: Head, isClosing: boolean, fault = NO_FAULT): void {
    this.#permit = permit;
    this.#forwarding = forwarding;
    this.#method = received.method;
    this.#framing = received.framing;
    this.#response.begin(received, isClosing);
    this.#detail = "";
    this.tries = 0;
    this.status = 0;
    this.isRefusedByPeer = false;
    this.bytesOut = 0;
    const { delayMs, abortStatus } = fault;
    this.#request = { plan: forwarding, isIdempotent: isIdempotent(received.method), delayMs, abortStatus };
    forwarding.cluster.budget.active++;
    this.#make(begin(this.#request));
  }

  start(): void {
    if (this.#state.kind === "held") this.#on(START);
  }

  /** Content of the request as it came. */
  content(bytes: Uint8Array, from: number, to: number): void {
    const upstream = this.#upstream;
    if (this.#held.isWhole) {
      if (this.#held.bytes + to - from > HELD_BYTES_MAX && upstream !== undefined) this.#held.drop();
      else this.#held.append(bytes, from, to);
    }
    if (upstream !== undefined) {
      upstream.sendContent(bytes, from, to);
      if (upstream.isFull) this.#pauseRequest(upstream);
    } else if (this.#held.bytes >= HELD_BYTES_MAX) this.#side.pauseReading();
  }

  contentEnd(trailers: Head): void {
    if (trailers.fieldCount > 0) this.#withholdNamed(trailers);
    if (this.#held.isWhole) this.#held.end(trailers);
    this.#mirror();
    this.#upstream?.sendEnd(trailers);
    this.#on(REQUEST_END);
  }

  /** A trailer of such a name would come behind the back of the policy that set or removed the field. */
  #withholdNamed(trailers: Head): void {
    const named = namedBy(this.#forwarding?.requestChanges, this.#permit?.request);
    if (named === undefined) return;
    for (let index = 0; index < trailers.fieldCount; index++) {
      if (named.has(variableOf(trailers.nameText(index)))) trailers.withhold(index);
    }
  }

  /** Copies of the request go out once it is whole; of content beyond the bound there is no copy. */
  #mirror(): void {
    const { mirror } = this.#forwarding ?? {};
    if (mirror === undefined || this.head === undefined) return;
    if (this.#held.isWhole) {
      const head = Buffer.from(this.head.subarray(0, this.headEnd));
      mirror({ head, method: this.#method, framing: this.#framing, ...this.#held.copy() });
    } else this.#thread.counters.add(Counter.mirrorsDropped);
  }

  /** The client broke the protocol, stalled or left: nothing of the request goes on any more. */
  abort(): void {
    this.#on(ABORT);
  }

  /** Nothing has moved for so long that upstream must be taken for gone. */
  giveUp(): void {
    this.#on(SILENT);
  }

  /** Forgets the request; the connection's next one may begin. */
  reset(): void {
    this.#on(ABORT);
    this.#thread.disarm(this.#deadline);
    this.#thread.disarm(this.#timer);
    if (this.#forwarding !== undefined) {
      const { budget } = this.#forwarding.cluster;
      budget.active--;
      if (this.#holdsRetry) giveBackRetry(budget);
    }
    this.#holdsRetry = false;
    this.#held.reset();
    if (this.head !== undefined) this.#thread.slabs.giveBack(this.head);
    this.head = undefined;
    this.#forwarding = undefined;
    this.#permit = undefined;
    this.endpoint = undefined;
    this.movedTo = undefined;
    this.status = 0;
  }

  // The machine.

  #on(event: ExchangeEvent): void {
    if (this.#state.kind === "idle") return;
    const request = this.#request as Request;
    // Only the time of a single try is reckoned by the machine itself.
    const nowMs = request.plan.perTryMs === 0 ? 0 : this.#thread.monoMs();
    this.#make(step(this.#state, event, request, this, nowMs));
  }

  /** Takes the state over first: what a command sets off may bring the next event. */
  #make({ state, commands }: Move): void {
    this.#state = state;
    if (state.kind !== "idle") this.tries = state.tries;
    for (const command of commands) this.#do(command);
  }

  #do(command: Command): void {
    switch (command.do) {
      case "arm-deadline":
        return void this.#thread.arm(this.#deadline, (this.#request as Request).plan.timeoutMs);
      case "arm-timer":
        return void this.#thread.arm(this.#timer, command.ms);
      case "back-off":
        return void this.#thread.arm(this.#timer, this.#thread.random() * command.mostMs);
      case "disarm":
        return void this.#thread.disarm(this.#timer);
      case "acquire":
        return void this.#acquire();
      case "send":
        return void this.#send();
      case "take-retry":
        this.#holdsRetry = true;
        this.#thread.counters.add(Counter.retries);
        return void takeRetry((this.#forwarding as Forwarding).cluster.budget);
      case "answered":
        if (this.endpoint !== undefined) this.#generation = answer(this.endpoint.breaker, this.#generation);
        return;
      case "settle":
        return void this.#settle(command.outcome);
      case "leave":
        return void this.#leave();
      case "release":
        return void this.#release();
      case "respond":
        return void this.#respond();
      case "refuse":
        this.#thread.disarm(this.#deadline);
        return void this.#side.respond(command.reason, this.#detail, command.status);
      case "cut":
        return void this.#side.cut(command.reason);
      case "finish":
        return void this.#side.onExchangeDone(this.#response.keepAlive && command.isClean);
    }
  }

  #acquire(): void {
    const forwarding = this.#forwarding as Forwarding;
    const nowMs = this.#thread.monoMs();
    const endpoint = this.#pick(forwarding, nowMs);
    if (endpoint === undefined) return void this.#on({ kind: "unconnected", reason: "no_endpoint" });
    this.#generation = admit(endpoint.breaker, nowMs);
    this.endpoint = endpoint;
    this.#isActive = true;
    endpoint.active++;
    const pool = forwarding.poolOf(endpoint);
    this.#pool = pool;
    const stream = pool.open(this, nowMs);
    if (stream === "full") return void this.#on({ kind: "unconnected", reason: "pool_exhausted" });
    if (stream === "closed") return void this.#on({ kind: "unconnected", reason: "no_endpoint" });
    if (stream === "waiting") this.#on(QUEUED);
    else this.onStream(stream);
  }

  #pick(forwarding: Forwarding, nowMs: number): Endpoint | undefined {
    const endpoint = this.#pickOnce(forwarding, nowMs);
    if (endpoint?.isGone !== true) return endpoint;
    // The request began on an older snapshot, whose endpoints nobody has kept up.
    forwarding.refresh();
    return this.#pickOnce(forwarding, nowMs);
  }

  #pickOnce({ cluster, group: named, hashKey, elsewhere }: Forwarding, nowMs: number): Endpoint | undefined {
    const { endpoint: tried } = this;
    const other = named.endpoints.length === 0 ? elsewhere?.() : undefined;
    if (other !== undefined) this.movedTo = other;
    const group = other ?? named;
    if (hashKey !== undefined) return pickByKey(group.endpoints, hashKey, tried, nowMs);
    return pickEndpoint(cluster, group, tried, this.#thread.random, nowMs);
  }

  onStream(stream: UpstreamStream): void {
    this.#upstream = stream;
    this.#on(stream.isReused ? CONNECTED_REUSED : CONNECTED_NEW);
  }

  #send(): void {
    const upstream = this.#upstream as UpstreamStream;
    upstream.sendHead(this.head as Buffer, this.headEnd, this.#method, this.#framing);
    this.#held.sendTo(upstream);
    if (upstream.isFull) this.#pauseRequest(upstream);
    else this.#side.resumeReading();
  }

  onNoStream(reason: Reason, detail: string): void {
    this.#detail = detail;
    this.#on({ kind: "unconnected", reason });
  }

  onFault(error: unknown): void {
    this.#side.onFault(error);
  }

  onWithdrawn(): void {
    this.#on(WITHDRAWN);
  }

  yieldIfQuiet(quietMs: number): boolean {
    return this.#side.yieldIfQuiet(quietMs);
  }

  onReset({ reason, detail, wasProcessed }: UpstreamReset): void {
    this.#upstream = undefined;
    this.#detail = detail;
    this.#on({ kind: "broken", reason, wasProcessed });
  }

  /** Tells the endpoint's breaker how the try went, once. */
  #settle(outcome: Outcome): void {
    const { endpoint } = this;
    if (endpoint === undefined || this.#generation === UNCOUNTED) return;
    const { cluster } = this.#forwarding as Forwarding;
    const generation = this.#generation;
    this.#generation = UNCOUNTED;
    // A success opens nothing, so it needs no time.
    const nowMs = outcome === "success" ? 0 : this.#thread.monoMs();
    settle(endpoint.breaker, cluster.service.traffic.breaker, generation, outcome, nowMs, this.#mayEject);
  }

  /** Lets go of connection or place in the queue. */
  #leave(): void {
    this.#thread.disarm(this.#timer);
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (upstream !== undefined) upstream.reset();
    else this.#pool?.cancel(this);
    this.#pool = undefined;
    this.#isPausedForUpstream = false;
    this.#endTry();
  }

  #release(): void {
    const upstream = this.#upstream as UpstreamStream;
    this.#upstream = undefined;
    this.#pool = undefined;
    this.#endTry();
    if (this.#isPausedForUpstream) upstream.resume();
    this.#isPausedForUpstream = false;
    upstream.release();
  }

  #endTry(): void {
    if (this.endpoint === undefined || !this.#isActive) return;
    this.#isActive = false;
    this.endpoint.active--;
  }

  #pauseRequest(upstream: UpstreamStream): void {
    this.#side.pauseReading();
    upstream.onDrain = this.#resumeRequest;
  }

  // The response.

  onInterim(head: Head): void {
    this.#hasMoved = true;
    this.#response.writeInterim(this.#side.out, head);
    this.#heedFull(this.#upstream as UpstreamStream);
  }

  onHead(head: Head): void {
    this.#hasMoved = true;
    this.#final = head;
    this.#on(head.status < 500 ? HEAD : failedHead(this.#upstream as UpstreamStream, head));
    this.#final = undefined;
  }

  #respond(): void {
    const forwarding = this.#forwarding as Forwarding;
    const head = this.#final as Head;
    const upstream = this.#upstream as UpstreamStream;
    this.#thread.disarm(this.#timer);
    this.#thread.disarm(this.#deadline);
    this.#held.drop();
    this.status = head.status;
    this.isRefusedByPeer = upstream.principal !== undefined && isRefusal(head);
    const { out } = this.#side;
    this.#response.writeHead(out, head, {
      drop: forwarding.isApplication ? OF_APPLICATION : OF_PEER,
      // What began before the drain did ends its connection all the same, and says so; and so does
      // a response before the request's end: whoever sent the rest would wait for a reader.
      isLast: this.#side.isEnding || (this.#state.kind !== "idle" && !this.#state.isRequestWhole),
      edit: responseEdits(forwarding.responseChanges, (this.#permit as Permit).responseHeadersToAdd),
      idleLine: this.#takeIdleLine,
    });
    this.#heedFull(upstream);
  }

  /** What the client has not taken yet, its interim responses too, holds up what comes next. */
  #heedFull(upstream: UpstreamStream): void {
    const { out } = this.#side;
    out.onDrain = this.#resumeResponse;
    if (out.isFull) this.#pauseUpstream(upstream);
  }

  onContent(bytes: Uint8Array, from: number, to: number): void {
    const { out } = this.#side;
    this.bytesOut += to - from;
    this.#hasMoved = true;
    this.#response.writeContent(out, bytes, from, to);
    if (out.isFull && this.#upstream !== undefined) this.#pauseUpstream(this.#upstream);
  }

  onEnd(trailers: Head): void {
    this.#response.writeEnd(this.#side.out, trailers);
    this.#side.out.onDrain = undefined;
    this.#on(END);
  }

  #pauseUpstream(upstream: UpstreamStream): void {
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

/** Sidecars name their decision where they answer by themselves, and take that name from what an application says. */
function isRefusal(head: Head): boolean {
  return head.status < 500 && (head.present & maskOf(KnownField.decisionId)) !== 0;
}

function failedHead(upstream: UpstreamStream, head: Head): ExchangeEvent {
  const madeBy = upstream.principal === undefined ? undefined : meshReasonOf(head);
  return { kind: "head", status: head.status, madeBy };
}

/** Why the sidecar at the other end made a response by itself; undefined where it is the application's. */
function meshReasonOf(head: Head): Reason | undefined {
  const index = head.indexOf(KnownField.meshReason);
  if (index < 0) return undefined;
  const text = head.valueText(index);
  // A newer proxy may know more of them.
  return isReason(text) ? text : "internal";
}
