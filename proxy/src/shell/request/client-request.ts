/**
 * One request of a client, whatever its connection speaks, from its head to its record:
 * decided by its handler, then carried by its exchange or answered by the mesh itself.
 * Used again for its stream's next one.
 */
import type { ConnectionContext } from "@regomesh/policy-runtime";
import type { Reason } from "../../filter/reason.ts";
import { isCall, timeoutMsOf } from "../../grpc/call.ts";
import type { Head } from "../../http1/head.ts";
import { Counter } from "../../metrics/counters.ts";
import { printDecisionId } from "../../record/decision-id.ts";
import { Deadline } from "../../stream/deadline.ts";
import { Exchange } from "../../stream/exchange-carrier.ts";
import { HalfMove, Halves, moveHalves } from "../../stream/halves.ts";
import type { ExchangeClient, RequestStream } from "../../stream/request-stream.ts";
import { countFault } from "../net/faulty.ts";
import type { Thread } from "../plane/thread.ts";
import { type Answer, refusalAnswer } from "./answer.ts";
import { statusOfAnswer, toGrpcAnswer } from "./grpc-answer.ts";
import { describe } from "./handle-request.ts";
import type { InboundPeer } from "./inbound-handler.ts";
import type { RequestHandler } from "./request-handler.ts";
import { RequestRecord } from "./request-record.ts";

/** Who is at the other end of a client's connection. */
export type Client = {
  readonly context: ConnectionContext;
  /** What an inbound listener knows of it; undefined outbound. */
  readonly peer: InboundPeer | undefined;
};

/** The stream that a request comes on, as the request's owner acts on it. */
export interface ClientStream extends RequestStream {
  /** The client has sent nothing for so long of content that is wanted. */
  isQuietFor(quietMs: number): boolean;
  /** The client has taken nothing of what waits for it since this was asked last. */
  takesNothing(): boolean;
  /** The response to come is the last one. */
  closeAfter(): void;
  /** Its connection takes no further request; the one under way has `graceMs`. */
  retire(graceMs: number): void;
  /** Sends a response of the mesh's own, whole; gives its bytes. `madeBy`: said to a sidecar that asks. */
  answer(answer: Answer, madeBy: Reason | ""): number;
  /** A half of the request is at its end: where nothing is left of it, it is `end`ed. */
  settle(): void;
  /** Breaks it off, so that half is not taken for whole. */
  reset(): void;
}

/** `open`: its content is somebody's · `answered`: by the mesh, and its content is thrown away. */
type State = "none" | "open" | "answered";

export class ClientRequest implements ExchangeClient {
  readonly thread: Thread;
  readonly context: ConnectionContext;
  readonly peer: InboundPeer | undefined;
  readonly record = new RequestRecord();
  readonly exchange: Exchange;
  readonly #handler: RequestHandler;
  readonly #stream: ClientStream;
  #state: State = "none";
  #halves: Halves = Halves.closed;
  /** A call of gRPC, which is answered in gRPC's way. */
  isCall = false;
  /** Of a call whose client gives it an end. */
  #callEnd: Deadline | undefined = undefined;

  constructor(thread: Thread, handler: RequestHandler, stream: ClientStream, { context, peer }: Client) {
    this.thread = thread;
    this.#handler = handler;
    this.#stream = stream;
    this.context = context;
    this.peer = peer;
    this.exchange = new Exchange(thread, this, stream);
  }

  get isOpen(): boolean {
    return this.#state !== "none";
  }

  /** It was read to its end. */
  get isWhole(): boolean {
    return this.#halves === Halves.received || this.#halves === Halves.closed;
  }

  /** Its response was written to its end. */
  get isResponded(): boolean {
    return this.#halves === Halves.sent || this.#halves === Halves.closed;
  }

  get isDraining(): boolean {
    return this.#handler.isDraining;
  }

  // What comes of it.

  /** Something is under way of which there may never be a head. */
  open(): void {
    this.#state = "open";
    this.isCall = false;
    this.#halves = Halves.open;
    this.record.begin(this.thread.monoMs());
  }

  /** Its head is there: it is decided. */
  begin(head: Head): void {
    this.open();
    this.isCall = isCall(head);
    if (this.thread.slabs.isExhausted) {
      describe(this, head);
      this.#stream.closeAfter();
      return void this.respond("overloaded", "the proxy holds as many bytes as it may");
    }
    const timeoutMs = this.isCall ? timeoutMsOf(head) : undefined;
    if (timeoutMs !== undefined) this.#endAfter(timeoutMs);
    this.exchange.open(head, this.isCall, timeoutMs);
    this.#handler.handle(this, head);
  }

  #endAfter(ms: number): void {
    this.#callEnd ??= new Deadline(this.thread, this, () => this.#onCallEnd());
    this.#callEnd.set(ms);
  }

  /** Its client waits no longer. */
  #onCallEnd(): void {
    if (this.#state === "open") this.exchange.expire();
  }

  /** What was held back of it may go on. */
  start(): void {
    if (this.#state === "open") this.exchange.start();
  }

  content(bytes: Uint8Array, from: number, to: number): void {
    this.record.bytesIn += to - from;
    if (this.#state === "open") this.exchange.content(bytes, from, to);
  }

  contentEnd(trailers: Head): void {
    const isAnswered = this.#state === "answered";
    this.#endHalf(HalfMove.receive);
    if (isAnswered) return;
    this.exchange.contentEnd(trailers);
    this.start();
  }

  /** Its bytes make no sense from here on. */
  refuseInput(reason: Reason, detail: string): void {
    if (this.#state === "none") this.open();
    this.#stream.closeAfter();
    if (this.#state === "answered") return void this.#endHalf(HalfMove.receive);
    if (this.exchange.isResponding) return void this.cut(reason);
    this.exchange.abort();
    this.respond(reason, detail);
  }

  /** It takes too long, or its client is gone. */
  giveUp(reason: Reason, detail: string): void {
    const { exchange, record } = this;
    // Whatever of the response waits for the client: there is no other.
    const isAnswered = this.#state === "answered" || this.isResponded;
    record.detail = detail;
    if (reason === "upstream_timeout" && !isAnswered) return void exchange.giveUp();
    if (reason === "connection_ended" && (exchange.isResponding || this.isResponded)) return void this.cut(reason);
    if (reason === "client_gone" || exchange.isResponding || isAnswered) return void this.#stream.reset();
    exchange.abort();
    this.#stream.closeAfter();
    this.respond(reason, detail);
  }

  /** The stream is no more. */
  gone(): void {
    if (this.#state !== "none") {
      if (!this.record.isCut) this.#noteLeft();
      this.exchange.abort();
      this.end();
    }
    this.exchange.close();
    this.#callEnd?.close();
  }

  /** The client left a request that was under way; a refusal keeps its own reason. */
  #noteLeft(): void {
    this.thread.counters.add(Counter.clientsGone);
    if (this.#state === "open") this.record.leave(this.exchange);
  }

  /** Nothing is left of it: its record is complete, and the next one may begin. */
  end(): void {
    this.#state = "none";
    this.#halves = Halves.closed;
    this.#callEnd?.clear();
    this.record.durationMs = this.thread.monoMs() - this.record.startedMs;
    try {
      this.#handler.onRecord(this);
    } catch (error) {
      countFault(this.thread, error);
      this.#stream.closeAfter();
    }
    this.exchange.reset();
    this.record.end();
  }

  retire(graceMs: number): void {
    this.#stream.retire(graceMs);
  }

  // What becomes of it.

  respond(reason: Reason, detail: string, status = 0): void {
    this.answer(refusalAnswer(this, reason, detail, status === 0 ? {} : { status }));
  }

  /** Gives a response of the mesh itself. */
  answer(answer: Answer): void {
    if (this.#state !== "open") return;
    if (this.exchange.isResponding || this.isResponded) return void this.cut("internal");
    this.#state = "answered";
    const { record } = this;
    record.isLocal = true;
    // A sidecar that asks must know that it is not the application that failed, and believes it of us alone.
    const madeBy = this.context.principal === undefined || answer.status < 500 ? "" : record.reason;
    const said = this.isCall ? this.#asCall(answer) : answer;
    record.status = said.status;
    record.bytesOut = this.#stream.answer(said, madeBy);
    this.#stream.resume();
    this.#endHalf(HalfMove.send);
  }

  #asCall(answer: Answer): Answer {
    const { record } = this;
    const code = statusOfAnswer(answer, record.reason);
    if (code === undefined) return answer;
    record.grpcStatus = code;
    const decision = record.decisionId === 0 ? "" : printDecisionId(record.decisionId);
    return toGrpcAnswer(answer, code, record.reason, decision);
  }

  onExchangeDone(): void {
    if (this.#state === "none") return;
    this.record.grpcStatus = this.exchange.grpcStatus;
    this.record.status = this.exchange.status;
    this.record.bytesOut = this.exchange.bytesOut;
    this.#endHalf(HalfMove.send);
  }

  cut(reason: Reason): void {
    if (this.#state === "none") return;
    this.record.cut(reason, this.exchange);
    this.#stream.reset();
  }

  yieldIfQuiet(quietMs: number): boolean {
    const sendsNothing = !this.isWhole && this.#stream.isQuietFor(quietMs);
    const takesNothing = this.exchange.isClientSlow && this.#stream.takesNothing();
    if (!sendsNothing && !takesNothing) return false;
    this.giveUp("request_timeout", `nothing sent or taken for ${quietMs} ms, and others wait`);
    return true;
  }

  /** A fault of our own: counted, answered with 500 where that is still possible, and the stream ends. */
  onFault(error: unknown): void {
    countFault(this.thread, error);
    try {
      if (this.#state !== "open" || this.exchange.status !== 0) return void this.#stream.reset();
      this.#stream.closeAfter();
      this.exchange.abort();
      this.respond("internal", "");
    } catch (again) {
      countFault(this.thread, again);
      try {
        this.#stream.reset();
      } catch (last) {
        countFault(this.thread, last);
      }
    }
  }

  #endHalf(half: HalfMove): void {
    this.#halves = moveHalves(this.#halves, half);
    this.#stream.settle();
  }
}
