/**
 * The three streams to the controller, which live and die together: snapshots (answered
 * one by one with ACK or NACK), endpoints, and reports.
 */
import {
  type ControllerMessage,
  ControlService,
  classOf,
  type EndpointsRequest,
  type EndpointsUpdate,
  type Hello,
  type Holding,
  type Nack,
  PROXY_FEATURES,
  type ProxyMessage,
  type ProxyReport,
  type ReportReply,
  type SnapshotMessage,
  type SnapshotProblem,
} from "@regomesh/protocol";
import type { Identity } from "../net/tls.ts";
import { openControl } from "./channel.ts";
import type { GrpcCall } from "./grpc-call.ts";
import type { GrpcChannel } from "./grpc-channel.ts";
import type { GrpcError } from "./grpc-error.ts";

export type StreamHandlers = {
  /** `isFirst`: of a stream; `localAddress`: of this machine, as the controller is reached from it. */
  readonly hello: (isFirst: boolean, localAddress: string | undefined) => Hello;
  /** What is in force and held at this moment; `isRefusing`: in a NACK, so that what lacks can be sent. */
  readonly holding: (isRefusing: boolean) => Holding;
  /** Puts it in force, or says why not. */
  /** The controller has it take another identity. */
  readonly onRenew: () => void;
  readonly onSnapshot: (message: SnapshotMessage) => Promise<readonly SnapshotProblem[]>;
  readonly onEndpoints: (update: EndpointsUpdate) => Promise<void>;
  /** The next report; undefined where there is nothing to say. */
  readonly report: () => Promise<ProxyReport | undefined>;
  /** The first word of the controller came. */
  readonly onConnected: () => void;
};

const REPORT_MS = 300;
const CONNECT_TIMEOUT_MS = 3000;

export class ControlStreams {
  readonly #channel: GrpcChannel;
  readonly #handlers: StreamHandlers;
  #snapshots: GrpcCall<ProxyMessage, ControllerMessage> | undefined = undefined;
  #endpoints: GrpcCall<EndpointsRequest, EndpointsUpdate> | undefined = undefined;
  #reports: GrpcCall<ProxyReport, ReportReply> | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  /** Where the listeners are, as it was said last. */
  #said = "";
  #isClosed = false;
  #isReporting = false;
  /** Messages are dealt with in their order, one at a time. */
  #turn: Promise<void> = Promise.resolve();
  #endWith: (error: unknown) => void = () => {};
  /** Rejects with what ended the streams; resolves after `close`. */
  readonly ended: Promise<void>;

  constructor(address: string, identity: Identity, handlers: StreamHandlers) {
    this.#channel = openControl(address, identity);
    this.#handlers = handlers;
    this.ended = new Promise((done, fail) => {
      this.#endWith = (error) => {
        if (this.#isClosed) return done();
        this.#stop();
        fail(error instanceof Error ? error : new Error(String(error)));
      };
    });
    this.ended.catch(() => {});
    const timer = setTimeout(() => this.#endWith(new Error(UNANSWERED)), CONNECT_TIMEOUT_MS);
    this.#channel.ready
      .then(() => {
        if (!this.#isClosed) this.#open();
      })
      .catch(() => this.#endWith(new Error(UNANSWERED)))
      .finally(() => clearTimeout(timer));
  }

  /** Tells where the listeners are now, unless that is what was said last: all else an answer says. */
  hello(): void {
    const stream = this.#snapshots;
    if (stream === undefined) return;
    const hello = this.#handlers.hello(this.#said === "", this.#channel.localAddress);
    const said = JSON.stringify([hello.listen, hello.admin]);
    if (said === this.#said) return;
    this.#said = said;
    stream.write({ message: { $case: "hello", value: hello } });
  }

  /** Ends the streams in order: the controller knows that this proxy goes. */
  close(): void {
    if (this.#isClosed) return;
    const snapshots = this.#snapshots;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#reports?.end();
    this.#endpoints?.cancel();
    // Half-closing says it; the client itself may go once the controller has heard.
    snapshots?.end();
    const channel = this.#channel;
    if (snapshots === undefined) channel.close();
    else setTimeout(() => channel.close(), CLOSE_GRACE_MS).unref();
    this.#endWith(undefined);
  }

  #open(): void {
    const { workload, namespace } = this.#handlers.hello(false, this.#channel.localAddress);
    this.#snapshots = this.#channel.call(ControlService.snapshots, {
      onHead: () => this.#handlers.onConnected(),
      onMessage: ({ message }) => {
        if (message?.$case === "renew") this.#handlers.onRenew();
        if (message?.$case === "snapshot") this.#queue(() => this.#answer(message.value));
      },
      onEnd: (error) => this.#endWith(error ?? ended("snapshots")),
    });
    this.hello();
    this.#endpoints = this.#channel.call(ControlService.endpoints, {
      onMessage: (update) => this.#queue(() => this.#handlers.onEndpoints(update)),
      onEnd: (error) => this.#endWith(error ?? ended("endpoints")),
    });
    this.#endpoints.write({ workload, namespace, features: [...PROXY_FEATURES] });
    this.#endpoints.end();
    this.#reports = this.#channel.call(ControlService.report, {
      onMessage: () => {},
      onEnd: (error: GrpcError | undefined) => {
        if (error !== undefined) this.#endWith(error);
      },
    });
    this.#timer = setInterval(() => void this.#report(), REPORT_MS);
  }

  #queue(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(async () => {
      if (this.#isClosed) return;
      await work();
    });
    this.#turn.catch((error: unknown) => this.#endWith(error));
  }

  async #answer(message: SnapshotMessage): Promise<void> {
    const problems = await this.#handlers.onSnapshot(message);
    const holding = this.#handlers.holding(problems.length > 0);
    if (problems.length > 0) {
      this.#snapshots?.write({ message: { $case: "nack", value: toNack(message, problems, holding) } });
      return;
    }
    // First where to be reached, then that the snapshot is in force.
    this.hello();
    this.#snapshots?.write({ message: { $case: "ack", value: { nonce: message.nonce, holding } } });
  }

  async #report(): Promise<void> {
    const stream = this.#reports;
    if (this.#isReporting || this.#isClosed || stream === undefined || stream.isFull) return;
    this.#isReporting = true;
    try {
      const report = await this.#handlers.report();
      if (report !== undefined && !this.#isClosed) stream.write(report);
    } finally {
      this.#isReporting = false;
    }
  }

  #stop(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#snapshots?.cancel();
    this.#endpoints?.cancel();
    this.#reports?.cancel();
    this.#channel.close();
  }
}

const CLOSE_GRACE_MS = 200;
const UNANSWERED = "the controller does not answer";

function ended(name: string): Error {
  return new Error(`the controller ended the stream of ${name}`);
}

function toNack({ nonce, hash }: SnapshotMessage, problems: readonly SnapshotProblem[], holding: Holding): Nack {
  return {
    nonce,
    hash,
    class: classOf(problems),
    reason: problems[0]?.code ?? "internal",
    problems: [...problems],
    holding,
  };
}
