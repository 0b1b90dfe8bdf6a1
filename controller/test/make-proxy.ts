/** A proxy as far as the control plane sees one: joins, takes snapshots, answers, reports. For tests. */

import { readFileSync } from "node:fs";
import { type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import type {
  ControllerMessage,
  EndpointsUpdate,
  Hello,
  Holding,
  IssueReply,
  JoinTokenFile,
  NackClass,
  NackReason,
  ProxyMessage,
  ProxyReport,
  Snapshot,
  SnapshotMessage,
} from "@regomesh/protocol";
import { ControlClient, IdentityClient } from "@regomesh/protocol/client";
import { makeHello, NAMED } from "./grpc-messages.ts";
import { type MadeCsr, makeCsr } from "./make-csr.ts";

export class TestProxy {
  readonly workload: string;
  readonly endpoints: EndpointsUpdate[] = [];
  readonly received: SnapshotMessage[] = [];
  readonly #caPem: string;
  readonly #csr: MadeCsr;
  readonly #identity: IssueReply;
  #client: ControlClient | undefined;
  #stream: ClientDuplexStream<ProxyMessage, ControllerMessage> | undefined;
  #waiting: ((message: SnapshotMessage) => void)[] = [];
  #holding: Holding | undefined;
  /** Answers whatever comes, where a test does not do so one by one. */
  onSnapshot: ((message: SnapshotMessage) => void) | undefined = undefined;

  private constructor(workload: string, caPem: string, csr: MadeCsr, identity: IssueReply) {
    this.workload = workload;
    this.#caPem = caPem;
    this.#csr = csr;
    this.#identity = identity;
  }

  static async join(workload: string, address: string, tokenFile: string): Promise<TestProxy> {
    const { token, caPem } = JSON.parse(readFileSync(tokenFile, "utf8")) as JoinTokenFile;
    const client = new IdentityClient(address, credentials.createSsl(Buffer.from(caPem)), NAMED);
    const csr = makeCsr();
    const identity = await new Promise<IssueReply>((resolve, reject) => {
      client.issue({ csrDer: Buffer.from(csr.der), joinToken: token }, (error, reply) =>
        error ? reject(error) : resolve(reply),
      );
    });
    client.close();
    return new TestProxy(workload, caPem, csr, identity);
  }

  connect(address: string, more: Partial<Hello> = {}): void {
    const { certificateChainPem } = this.#identity;
    const tls = credentials.createSsl(
      Buffer.from(this.#caPem),
      Buffer.from(this.#csr.keyPem),
      Buffer.from(certificateChainPem),
    );
    this.#client = new ControlClient(address, tls, NAMED);
    this.#stream = this.#client.snapshots();
    this.#stream.on("error", () => {});
    this.#stream.on("data", ({ message }: ControllerMessage) => {
      if (message?.$case !== "snapshot") return;
      this.received.push(message.value);
      this.#waiting.shift()?.(message.value);
      this.onSnapshot?.(message.value);
    });
    this.#stream.write(makeHello(this.workload, { instance: "1", ...more }));
    const watch = this.#client.endpoints({ workload: this.workload, namespace: "default", features: [] });
    watch.on("error", () => {});
    watch.on("data", (update: EndpointsUpdate) => this.endpoints.push(update));
  }

  /** What it has in force, as it has said. */
  get holding(): Holding | undefined {
    return this.#holding;
  }

  next(): Promise<SnapshotMessage> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  ack(message: SnapshotMessage): void {
    this.#holding = holdingOf(message);
    this.#stream?.write({
      message: { $case: "ack", value: { nonce: message.nonce, holding: this.#holding } },
    });
  }

  /** Refuses a snapshot; what it had stays in force. */
  nack(message: SnapshotMessage, kind: NackClass, reason: NackReason): void {
    const { nonce, hash } = message;
    const problems = [{ code: reason, message: "this proxy says no" }];
    const value = { nonce, hash, class: kind, reason, problems, holding: this.#holding };
    this.#stream?.write({ message: { $case: "nack", value } });
  }

  report(more: Partial<ProxyReport>): void {
    this.#client
      ?.report(() => {})
      .end({
        timeMs: Date.now(),
        edges: [],
        decisions: [],
        decisionsDropped: 0,
        holding: undefined,
        svidNotAfterMs: this.#identity.notAfterMs,
        troubles: [],
        captured: false,
        policyP50Ns: 1900,
        policyP99Ns: 9000,
        refusedTotal: 0,
        overBudgetTotal: 0,
        handshakes: [],
        endpoints: [],
        shadows: [],
        workload: this.workload,
        namespace: "default",
        instance: "1",
        ...more,
      });
  }

  /** As a killed process: sockets closed, no word. */
  close(): void {
    this.#stream?.cancel();
    this.#client?.close();
  }
}

/** What a proxy holds that has taken this snapshot. */
export function holdingOf(message: SnapshotMessage): Holding {
  const { revision, workloads } = bodyOf(message);
  const refs = workloads.flatMap(({ policies }) => [policies.inbound, policies.outbound]);
  return {
    snapshotHash: message.hash,
    revision: { epoch: revision.epoch, sequence: revision.sequence, name: revision.name },
    contentHashes: [...new Set(refs.flatMap((ref) => (ref === undefined ? [] : [ref.module])))],
  };
}

export function bodyOf(message: SnapshotMessage): Snapshot {
  return JSON.parse(message.body.toString()) as Snapshot;
}
