/**
 * A proxy as far as the controller can tell: its own connection and identity, both streams, every
 * content kept and checked by its hash, every snapshot answered. It carries no request.
 */
import { type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { MODULE_ABI } from "@regomesh/policy-runtime";
import {
  CONTROLLER_SERVER_NAME,
  ControlClient,
  type ControllerMessage,
  EndpointsUpdate,
  type Holding,
  type ListenAddress,
  moduleHash,
  PROXY_FEATURES,
  type ProxyMessage,
  type Snapshot,
  SnapshotMessage,
  snapshotHash,
} from "@regomesh/protocol";
import type { TestIdentity } from "./identities.ts";

export type Told = {
  readonly onSnapshot: (revision: string, bytes: number) => void;
  readonly onEndpoints: (services: readonly string[], bytes: number) => void;
  readonly onConnected: () => void;
  readonly onError: (message: string) => void;
};

const OPTIONS = {
  "grpc.ssl_target_name_override": CONTROLLER_SERVER_NAME,
  "grpc.max_receive_message_length": -1,
  // Channels of one process share connections unless they are told not to.
  "grpc.use_local_subchannel_pool": 1,
};

export class SimulatedProxy {
  readonly #workload: string;
  readonly #told: Told;
  readonly #client: ControlClient;
  #stream: ClientDuplexStream<ProxyMessage, ControllerMessage> | undefined;
  #holding: Holding | undefined;
  #listen: readonly ListenAddress[];
  #modules: readonly string[] = [];

  constructor(
    address: string,
    workload: string,
    { caPem, keyPem, chainPem }: TestIdentity,
    listen: readonly ListenAddress[],
    told: Told,
  ) {
    this.#workload = workload;
    this.#told = told;
    this.#listen = listen;
    const tls = credentials.createSsl(Buffer.from(caPem), Buffer.from(keyPem), Buffer.from(chainPem));
    this.#client = new ControlClient(address, tls, OPTIONS);
  }

  open(): void {
    const stream = this.#client.snapshots();
    this.#stream = stream;
    stream.on("metadata", () => this.#told.onConnected());
    stream.on("error", (error) => this.#told.onError(error.message));
    stream.on("data", ({ message }: ControllerMessage) => {
      if (message?.$case === "snapshot") this.#take(message.value);
    });
    this.#hello();
    const request = { workload: this.#workload, namespace: "default", features: [...PROXY_FEATURES] };
    const endpoints = this.#client.endpoints(request);
    endpoints.on("error", (error) => this.#told.onError(error.message));
    endpoints.on("data", (update: EndpointsUpdate) => {
      const services = update.services.map(({ service }) => service);
      this.#told.onEndpoints(services, EndpointsUpdate.encode(update).finish().length);
    });
  }

  /** Says that it listens somewhere else. */
  move(listen: readonly ListenAddress[]): void {
    this.#listen = listen;
    this.#hello();
  }

  #hello(): void {
    this.#stream?.write({
      message: {
        $case: "hello",
        value: {
          workload: this.#workload,
          namespace: "default",
          instance: "1",
          moduleAbi: MODULE_ABI,
          snapshotFormats: [1],
          features: [...PROXY_FEATURES],
          holding: this.#holding,
          listen: [...this.#listen],
          admin: "",
        },
      },
    });
  }

  #take(message: SnapshotMessage): void {
    const body = message.body.toString("utf8");
    if (snapshotHash(body) !== message.hash) this.#told.onError("a body of another hash");
    for (const { hash, wasm, data } of message.modules) {
      if (moduleHash(wasm, data) !== hash) this.#told.onError("a module of another hash");
      this.#modules = [...this.#modules, hash];
    }
    const { revision } = JSON.parse(body) as Snapshot;
    this.#told.onSnapshot(revision.name, SnapshotMessage.encode(message).finish().length);
    const { epoch, sequence, name } = revision;
    this.#holding = {
      snapshotHash: message.hash,
      revision: { epoch, sequence, name },
      contentHashes: [...this.#modules],
    };
    this.#hello();
    this.#stream?.write({ message: { $case: "ack", value: { nonce: message.nonce, holding: this.#holding } } });
  }
}
