/**
 * Carries one request after the other of a client's stream to endpoints: what its machine
 * (exchange.ts) commands, it does to pool, stream, breaker and client. It knows no protocol
 * and no socket.
 */
import type { Permit } from "../decide/permit.ts";
import type { Reason } from "../filter/reason.ts";
import { Framing, type Head } from "../http1/head.ts";
import { isIdempotent, Method } from "../http1/method.ts";
import { Counter } from "../metrics/counters.ts";
import { admit, answer, type Outcome, settle, UNCOUNTED } from "../resilience/breaker.ts";
import { mayEject } from "../resilience/ejection.ts";
import { giveBackRetry, hasRetryRoom, takeRetry } from "../resilience/retry-budget.ts";
import { type Group, pickEndpoint } from "../route/cluster.ts";
import type { Endpoint } from "../route/endpoint.ts";
import { pickByKey } from "../route/pick-by-key.ts";
import { Timer } from "../time/timer-wheel.ts";
import { Call } from "./call.ts";
import { Deadline } from "./deadline.ts";
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
  UNDECIDED,
} from "./exchange.ts";
import {
  ABORT,
  CONNECTED_NEW,
  CONNECTED_REUSED,
  DEADLINE,
  DECIDED,
  END,
  EXPIRED,
  HEAD,
  QUEUED,
  REQUEST_END,
  SILENT,
  START,
  TIMER,
  WITHDRAWN,
} from "./exchange-event.ts";
import { type Forwarding, NO_FAULT } from "./forwarding.ts";
import { HELD_BYTES_MAX, HeldContent } from "./held-content.ts";
import { isRefusal, meshReasonOf, OF_APPLICATION, OF_PEER } from "./mesh-word.ts";
import type { ExchangeClient, RequestStream } from "./request-stream.ts";
import type { StreamPool, StreamWaiter, UpstreamReset, UpstreamStream } from "./upstream-stream.ts";
import { withholdNamed } from "./withheld.ts";
import type { World } from "./world.ts";

export class Exchange implements StreamWaiter, Circumstances {
  readonly #world: World;
  readonly #client: ExchangeClient;
  readonly #stream: RequestStream;
  readonly #held: HeldContent;
  readonly #deadline: Deadline;
  readonly #timer: Timer;
  /** It was armed since it was disarmed last: of others, which are nearly all, nobody looks at the timer. */
  #isTimed = false;
  /** The client is not read, for what goes upstream is full. */
  #isRequestPaused = false;
  /**
   * Set by the constructor, and undefined before: V8 takes a field that begins as one kind of object
   * for always that, and once it proves not to be, writes it by a search, at each move of each request.
   */
  #state: ExchangeState;
  #request: Request = UNDECIDED;
  /** What `#request` is once it is decided; written anew for each. */
  readonly #asked: { -readonly [Name in keyof Request]: Request[Name] } = { ...UNDECIDED };
  #forwarding: Forwarding | undefined = undefined;
  /** By which it goes on, with what policy wants changed on both ways. */
  #permit: Permit | undefined = undefined;
  /** The request's head as it goes on: bytes[0, headEnd) of a slab. */
  head: Buffer | undefined = undefined;
  headEnd = 0;
  #method: Method = Method.other;
  #framing: Framing = Framing.none;
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
  readonly #call: Call;
  /** Content of the response. */
  bytesOut = 0;
  #hasMoved = false;
  readonly #mayEject = () => mayEject(this.#forwarding?.cluster.groups.get("")?.endpoints ?? []);
  readonly #resumeRequest = () => this.#letRequestFlow();
  readonly #resumeResponse = () => this.#resumeUpstream();

  constructor(world: World, client: ExchangeClient, stream: RequestStream) {
    this.#state = IDLE;
    this.#world = world;
    this.#client = client;
    this.#stream = stream;
    this.#call = new Call(world);
    this.#held = new HeldContent(world.slabs);
    this.#deadline = new Deadline(world, client, () => this.#on(DEADLINE));
    this.#timer = new Timer(() => this.#on(TIMER), client);
  }

  /** Decided, and not on its way yet. */
  get isHeld(): boolean {
    return this.#state.kind === "held" || this.#state.kind === "deciding";
  }

  /** The response has begun: only cutting it can say now that something is wrong. */
  get isResponding(): boolean {
    return this.#state.kind === "responding";
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

  /** Of a call of gRPC, how it ended; -1: nobody has said. */
  get grpcStatus(): number {
    return this.#call.status;
  }

  /** Whether anything came from upstream since this was asked last. */
  hasMoved(): boolean {
    const hasMoved = this.#hasMoved;
    this.#hasMoved = false;
    return hasMoved;
  }

  /** Takes the slab that holds the request's head as it goes on, in place of one it has. */
  hold(head: Buffer, headEnd: number): void {
    if (this.head !== undefined) this.#world.slabs.giveBack(this.head);
    this.head = head;
    this.headEnd = headEnd;
  }

  /** A request whose head was received: whoever decides may take his time. */
  open(received: Head, isCall = false, callMs?: number): void {
    this.#call.begin(isCall, callMs);
    this.#method = received.method;
    this.#framing = received.framing;
    this.#request = UNDECIDED;
    this.#detail = "";
    this.tries = 0;
    this.status = 0;
    this.isRefusedByPeer = false;
    this.bytesOut = 0;
    this.#make(begin());
  }

  /** It may go on, as the head that is held; `start` sends it. */
  begin(permit: Permit, forwarding: Forwarding, fault = NO_FAULT): void {
    this.#permit = permit;
    this.#forwarding = forwarding;
    const asked = this.#asked;
    asked.plan = forwarding;
    asked.isIdempotent = isIdempotent(this.#method);
    asked.delayMs = fault.delayMs;
    asked.abortStatus = fault.abortStatus;
    this.#request = asked;
    forwarding.cluster.budget.active++;
    this.#on(DECIDED);
  }

  start(): void {
    if (this.#state.kind === "held" || this.#state.kind === "deciding") this.#on(START);
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
    } else if (this.#held.bytes >= HELD_BYTES_MAX) this.#stream.pause();
  }

  contentEnd(trailers: Head): void {
    if (trailers.fieldCount > 0) withholdNamed(trailers, this.#forwarding?.requestChanges, this.#permit?.request);
    if (this.#held.isWhole) this.#held.end(trailers);
    this.#mirror();
    this.#upstream?.sendEnd(trailers);
    this.#on(REQUEST_END);
  }

  /** Copies of the request go out once it is whole; of content beyond the bound there is no copy. */
  #mirror(): void {
    const { mirror } = this.#forwarding ?? {};
    if (mirror === undefined || this.head === undefined) return;
    if (this.#held.isWhole) {
      const head = Buffer.from(this.head.subarray(0, this.headEnd));
      mirror({ head, method: this.#method, framing: this.#framing, ...this.#held.copy() });
    } else this.#world.counters.add(Counter.mirrorsDropped);
  }

  /** The client broke the protocol, stalled or left: nothing of the request goes on any more. */
  abort(): void {
    this.#on(ABORT);
  }

  /** Nothing has moved for so long that upstream must be taken for gone. */
  giveUp(): void {
    this.#on(SILENT);
  }

  /** The time is over that its client gives it. */
  expire(): void {
    this.#on(EXPIRED);
  }

  /** No request will follow. */
  close(): void {
    this.#deadline.close();
  }

  /** Forgets the request; the connection's next one may begin. */
  reset(): void {
    this.#on(ABORT);
    this.#isRequestPaused = false;
    this.#deadline.clear();
    this.#disarm();
    if (this.#forwarding !== undefined) {
      const { budget } = this.#forwarding.cluster;
      budget.active--;
      if (this.#holdsRetry) giveBackRetry(budget);
    }
    this.#holdsRetry = false;
    this.#held.reset();
    if (this.head !== undefined) this.#world.slabs.giveBack(this.head);
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
    const request = this.#request;
    // Only the time of a single try is reckoned by the machine itself.
    const nowMs = request.plan.perTryMs === 0 ? 0 : this.#world.monoMs();
    this.#make(step(this.#state, event, request, this, nowMs));
  }

  /** Takes the state over first: what a command sets off may bring the next event. */
  #make({ state, commands }: Move): void {
    this.#state = state;
    if (state.kind !== "idle") this.tries = state.tries;
    for (let index = 0; index < commands.length; index++) this.#do(commands[index] as Command);
  }

  #do(command: Command): void {
    switch (command.do) {
      case "arm-deadline":
        return void this.#deadline.set(this.#request.plan.timeoutMs);
      case "arm-timer":
        return void this.#arm(command.ms);
      case "back-off":
        return void this.#arm(command.leastMs + this.#world.random() * (command.mostMs - command.leastMs));
      case "disarm":
        return void this.#disarm();
      case "acquire":
        return void this.#acquire();
      case "send":
        return void this.#send();
      case "take-retry":
        this.#holdsRetry = true;
        this.#world.counters.add(Counter.retries);
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
        this.#deadline.clear();
        return void this.#client.respond(command.reason, this.#detail, command.status);
      case "cut":
        return void this.#client.cut(command.reason);
      case "finish":
        this.#letRequestFlow();
        return void this.#client.onExchangeDone();
    }
  }

  #arm(ms: number): void {
    this.#isTimed = true;
    this.#world.arm(this.#timer, ms);
  }

  #disarm(): void {
    if (!this.#isTimed) return;
    this.#isTimed = false;
    this.#world.disarm(this.#timer);
  }

  #acquire(): void {
    const forwarding = this.#forwarding as Forwarding;
    const nowMs = this.#world.monoMs();
    const endpoint = this.#pick(forwarding, nowMs);
    if (endpoint === undefined) return void this.#on({ kind: "unconnected", reason: "no_endpoint" });
    this.#generation = admit(endpoint.breaker, nowMs);
    this.endpoint = endpoint;
    this.#isActive = true;
    endpoint.active++;
    const pool = endpoint.pool ?? forwarding.poolOf(endpoint);
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
    return pickEndpoint(cluster, group, tried, this.#world.random, nowMs);
  }

  onStream(stream: UpstreamStream): void {
    this.#upstream = stream;
    this.#on(stream.isReused ? CONNECTED_REUSED : CONNECTED_NEW);
  }

  #send(): void {
    const upstream = this.#upstream as UpstreamStream;
    const shortened = this.#call.shortened(this.head as Buffer, this.headEnd);
    if (shortened !== undefined) this.hold(shortened.head, shortened.headEnd);
    upstream.sendHead(this.head as Buffer, this.headEnd, this.#method, this.#framing);
    this.#held.sendTo(upstream);
    if (upstream.isFull) return void this.#pauseRequest(upstream);
    this.#isRequestPaused = false;
    this.#stream.resume();
  }

  onNoStream(reason: Reason, detail: string): void {
    this.#detail = detail;
    this.#on({ kind: "unconnected", reason });
  }

  onFault(error: unknown): void {
    this.#client.onFault(error);
  }

  onWithdrawn(): void {
    this.#on(WITHDRAWN);
  }

  yieldIfQuiet(quietMs: number): boolean {
    return this.#client.yieldIfQuiet(quietMs);
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
    const nowMs = outcome === "success" ? 0 : this.#world.monoMs();
    settle(endpoint.breaker, cluster.service.traffic.breaker, generation, outcome, nowMs, this.#mayEject);
  }

  /** Lets go of connection or place in the queue. */
  #leave(): void {
    this.#disarm();
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
    this.#stream.pause();
    this.#isRequestPaused = true;
    upstream.onDrain = this.#resumeRequest;
  }

  /** Who was full, another stream's connection perhaps, says no more that it has drained once the exchange is over. */
  #letRequestFlow(): void {
    if (!this.#isRequestPaused) return;
    this.#isRequestPaused = false;
    this.#stream.resume();
  }

  // The response.

  onInterim(head: Head): void {
    this.#hasMoved = true;
    this.#stream.sendInterim(head);
    this.#heedFull(this.#upstream as UpstreamStream);
  }

  onHead(head: Head): void {
    this.#hasMoved = true;
    this.#final = head;
    if (this.#call.isCall) this.#on(this.#call.failure(head, this.#isPeer() ? meshReasonOf(head) : undefined) ?? HEAD);
    else if (head.status < 500) this.#on(HEAD);
    else this.#on({ kind: "head", status: head.status, madeBy: this.#isPeer() ? meshReasonOf(head) : undefined });
    this.#final = undefined;
  }

  #respond(): void {
    const forwarding = this.#forwarding as Forwarding;
    const head = this.#final as Head;
    const upstream = this.#upstream as UpstreamStream;
    this.#disarm();
    this.#deadline.clear();
    this.#held.drop();
    this.status = head.status;
    this.isRefusedByPeer = this.#isPeer() && isRefusal(head) && meshReasonOf(head) === undefined;
    this.#stream.sendHead(head, {
      drop: forwarding.isApplication ? OF_APPLICATION : OF_PEER,
      changes: forwarding.responseChanges,
      add: (this.#permit as Permit).responseHeadersToAdd,
    });
    this.#heedFull(upstream);
  }

  /** What the client has not taken yet, its interim responses too, holds up what comes next. */
  #heedFull(upstream: UpstreamStream): void {
    this.#stream.onDrain = this.#resumeResponse;
    if (this.#stream.isFull) this.#pauseUpstream(upstream);
  }

  /** The other end has proven to be a sidecar: what it says of itself is believed. */
  #isPeer(): boolean {
    return this.#upstream?.principal !== undefined;
  }

  onContent(bytes: Uint8Array, from: number, to: number): void {
    this.bytesOut += to - from;
    this.#hasMoved = true;
    this.#stream.sendContent(bytes, from, to);
    if (this.#stream.isFull && this.#upstream !== undefined) this.#pauseUpstream(this.#upstream);
  }

  onEnd(trailers: Head): void {
    if (trailers.fieldCount > 0) {
      this.#call.end(trailers);
      withholdNamed(trailers, this.#forwarding?.responseChanges);
    }
    this.#stream.sendEnd(trailers);
    this.#stream.onDrain = undefined;
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
