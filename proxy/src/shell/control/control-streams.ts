/**
 * The three streams to the controller, which live and die together: snapshots (answered
 * one by one with ACK or NACK), endpoints, and reports.
 */
import type { ClientDuplexStream, ClientReadableStream, ClientWritableStream } from "@grpc/grpc-js";
import {
  type ControlClient,
  type ControllerMessage,
  classOf,
  type EndpointsUpdate,
  type Hello,
  type Holding,
  type Nack,
  PROXY_FEATURES,
  type ProxyMessage,
  type ProxyReport,
  type SnapshotMessage,
  type SnapshotProblem,
} from "@regomesh/protocol";
import type { Identity } from "../net/tls.ts";
import { openControl } from "./channel.ts";

export type StreamHandlers = {
  /** `isFirst`: of a stream. */
  readonly hello: (isFirst: boolean) => Hello;
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
  readonly #client: ControlClient;
  readonly #handlers: StreamHandlers;
  #snapshots: ClientDuplexStream<ProxyMessage, ControllerMessage> | undefined = undefined;
  #endpoints: ClientReadableStream<EndpointsUpdate> | undefined = undefined;
  #reports: ClientWritableStream<ProxyReport> | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;
  #isReporting = false;
  /** Messages are dealt with in their order, one at a time. */
  #turn: Promise<void> = Promise.resolve();
  #endWith: (error: unknown) => void = () => {};
  /** Rejects with what ended the streams; resolves after `close`. */
  readonly ended: Promise<void>;

  constructor(address: string, identity: Identity, handlers: StreamHandlers) {
    this.#client = openControl(address, identity);
    this.#handlers = handlers;
    this.ended = new Promise((done, fail) => {
      this.#endWith = (error) => {
        if (this.#isClosed) return done();
        this.#stop();
        fail(error instanceof Error ? error : new Error(String(error)));
      };
    });
    this.ended.catch(() => {});
    this.#client.waitForReady(Date.now() + CONNECT_TIMEOUT_MS, (error) => {
      if (error !== undefined) this.#endWith(new Error("the controller does not answer"));
      else if (!this.#isClosed) this.#open();
    });
  }

  /** Tells where the listeners are now. */
  hello(isFirst = false): void {
    this.#snapshots?.write({ message: { $case: "hello", value: this.#handlers.hello(isFirst) } });
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
    const client = this.#client;
    if (snapshots === undefined) client.close();
    else setTimeout(() => client.close(), CLOSE_GRACE_MS).unref();
    this.#endWith(undefined);
  }

  #open(): void {
    const { workload, namespace } = this.#handlers.hello(false);
    const snapshots = this.#client.snapshots();
    this.#snapshots = snapshots;
    snapshots.on("data", ({ message }: ControllerMessage) => {
      if (message?.$case === "renew") this.#handlers.onRenew();
      if (message?.$case === "snapshot") this.#queue(() => this.#answer(message.value));
    });
    snapshots.on("metadata", () => this.#handlers.onConnected());
    this.#watch(snapshots, "snapshots");
    this.hello(true);
    const endpoints = this.#client.endpoints({ workload, namespace, features: [...PROXY_FEATURES] });
    this.#endpoints = endpoints;
    endpoints.on("data", (update: EndpointsUpdate) => this.#queue(() => this.#handlers.onEndpoints(update)));
    this.#watch(endpoints, "endpoints");
    this.#reports = this.#client.report((error) => {
      if (error) this.#endWith(error);
    });
    this.#reports.on("error", (error) => this.#endWith(error));
    this.#timer = setInterval(() => void this.#report(), REPORT_MS);
  }

  #watch(stream: ClientReadableStream<unknown> | ClientDuplexStream<unknown, unknown>, name: string): void {
    stream.on("error", (error: Error) => this.#endWith(error));
    stream.on("end", () => this.#endWith(new Error(`the controller ended the stream of ${name}`)));
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
    if (this.#isReporting || this.#isClosed || stream === undefined || stream.writableNeedDrain) return;
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
    this.#client.close();
  }
}

const CLOSE_GRACE_MS = 200;

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
