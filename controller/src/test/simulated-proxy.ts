/**
 * A proxy as far as the controller can tell: its own connection and identity, both streams, every
 * content that it is sent known by its hash, every snapshot answered. It carries no request. A stream
 * that breaks off is opened again with what is held, as a proxy does.
 */
import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { MODULE_ABI } from "@regomesh/policy-runtime";
import {
  CONTROLLER_SERVER_NAME,
  ControllerMessage,
  ControlService,
  EndpointsUpdate,
  type Envelope,
  type EnvelopeContents,
  type Holding,
  type ListenAddress,
  PROXY_FEATURES,
  type ProxyMessage,
  type SnapshotMessage,
  snapshotHash,
  type WorkloadContent,
} from "@regomesh/protocol";
import { contentsOf, modulesOf, parsedOf } from "./arrived.ts";
import type { TestIdentity } from "./identities.ts";

export type Told = {
  readonly onSnapshot: (revision: string, bytes: number, sent: SentEnvelope) => void;
  readonly onEndpoints: (services: readonly string[], bytes: number) => void;
  readonly onConnected: () => void;
  readonly onError: (message: string) => void;
};

/** By which number it was sent, and the hash of what was. */
export type SentEnvelope = { readonly epoch: string; readonly sequence: number; readonly hash: string };

const OPTIONS = {
  "grpc.ssl_target_name_override": CONTROLLER_SERVER_NAME,
  "grpc.max_receive_message_length": -1,
  // Channels of one process share connections unless they are told not to.
  "grpc.use_local_subchannel_pool": 1,
};

/** A message, and how many bytes it had. */
type Sized<Message> = { readonly message: Message; readonly bytes: number };

/** On the average: not all of those that lost their streams together come back together. */
const AGAIN_MS = 1000;

export class SimulatedProxy {
  readonly #workload: string;
  readonly #instance: string;
  readonly #told: Told;
  readonly #client: Client;
  #stream: ClientDuplexStream<ProxyMessage, Sized<ControllerMessage>> | undefined;
  #holding: Holding | undefined;
  #listen: readonly ListenAddress[];
  /** What it has said of that on this stream. */
  #said: readonly ListenAddress[] | undefined;
  /** Hashes of the contents that it holds. */
  #contents: ReadonlySet<string> = new Set();
  /** By module that it holds, its chunks. */
  #modules: ReadonlyMap<string, readonly string[]> = new Map();
  /** Of all modules that it holds. */
  #chunks: ReadonlySet<string> = new Set();
  /** One of its streams broke off, and both are opened again in a while. */
  #isComing = false;

  constructor(
    address: string,
    { workload, instance }: { readonly workload: string; readonly instance: string },
    { caPem, keyPem, chainPem }: TestIdentity,
    listen: readonly ListenAddress[],
    told: Told,
  ) {
    this.#workload = workload;
    this.#instance = instance;
    this.#told = told;
    this.#listen = listen;
    const tls = credentials.createSsl(Buffer.from(caPem), Buffer.from(keyPem), Buffer.from(chainPem));
    this.#client = new Client(address, tls, OPTIONS);
  }

  open(): void {
    const { snapshots, endpoints: ofEndpoints } = ControlService;
    const stream = this.#client.makeBidiStreamRequest(snapshots.path, snapshots.requestSerialize, (bytes) => ({
      message: ControllerMessage.decode(bytes),
      bytes: bytes.length,
    }));
    this.#stream = stream;
    this.#said = undefined;
    stream.on("metadata", () => this.#told.onConnected());
    stream.on("error", (error) => this.#comeAgain(error, () => endpoints.cancel()));
    stream.on("data", ({ message: { message }, bytes }: Sized<ControllerMessage>) => {
      if (message?.$case === "snapshot") this.#take(message.value, bytes);
    });
    this.#hello();
    const endpoints = this.#client.makeServerStreamRequest(
      ofEndpoints.path,
      ofEndpoints.requestSerialize,
      (bytes): Sized<EndpointsUpdate> => ({ message: EndpointsUpdate.decode(bytes), bytes: bytes.length }),
      { workload: this.#workload, namespace: "default", features: [...PROXY_FEATURES] },
    );
    endpoints.on("error", (error) => this.#comeAgain(error, () => stream.cancel()));
    endpoints.on("data", ({ message: { services }, bytes }: Sized<EndpointsUpdate>) => {
      this.#told.onEndpoints(
        services.map(({ service }) => service),
        bytes,
      );
    });
  }

  /** It goes, without a word. */
  close(): void {
    this.#isComing = true;
    this.#client.close();
    this.#stream?.cancel();
  }

  #comeAgain(error: Error, endOther: () => void): void {
    if (this.#isComing) return;
    this.#isComing = true;
    this.#told.onError(error.message);
    endOther();
    setTimeout(
      () => {
        this.#isComing = false;
        this.open();
      },
      AGAIN_MS * (0.5 + Math.random()),
    );
  }

  /** Says that it listens somewhere else. */
  move(listen: readonly ListenAddress[]): void {
    this.#listen = listen;
    this.#hello();
  }

  /** As a proxy does: again only from somewhere else, for all else an answer says. */
  #hello(): void {
    if (this.#said === this.#listen) return;
    this.#said = this.#listen;
    this.#stream?.write({
      message: {
        $case: "hello",
        value: {
          workload: this.#workload,
          namespace: "default",
          // Of several that a workload has each is another process.
          instance: this.#instance,
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

  #take(message: SnapshotMessage, bytes: number): void {
    const body = message.body.toString("utf8");
    const { revision, contents } = JSON.parse(body) as Envelope;
    const lacking = snapshotHash(body) === message.hash ? this.#hold(message, contents) : ["the body of that hash"];
    if (lacking.length > 0) this.#told.onError(`a snapshot without ${lacking.length} contents, first ${lacking[0]}`);
    const { epoch, sequence, name } = revision;
    this.#told.onSnapshot(name, bytes, { epoch, sequence, hash: message.hash });
    this.#holding = { snapshotHash: message.hash, revision: { epoch, sequence, name }, contentHashes: [] };
    this.#stream?.write({ message: { $case: "ack", value: { nonce: message.nonce, holding: this.#holding } } });
    this.#chunks = new Set([...this.#modules.values()].flat());
  }

  /** Keeps what the envelope names, and nothing else; gives what is neither held nor sent. */
  #hold(message: SnapshotMessage, names: EnvelopeContents): readonly string[] {
    const sent = contentsOf(message, (hash) => this.#contents.has(hash));
    const has = (hash: string) => sent.has(hash) || this.#contents.has(hash);
    const whole = modulesOf(message, (hash) => sent.has(hash) || this.#chunks.has(hash));
    const kept = new Set<string>();
    const modules = new Map<string, readonly string[]>();
    const lacking: string[] = [];
    const take = (hash: string): boolean => {
      if (has(hash)) kept.add(hash);
      else lacking.push(hash);
      return has(hash);
    };
    for (const hash of [names.mesh, names.members, names.revoked]) if (hash !== undefined) take(hash);
    for (const hash of names.workloads) {
      if (!take(hash)) continue;
      const { outbound, policies } = parsedOf(hash) as WorkloadContent;
      if (take(outbound)) for (const service of parsedOf(outbound) as readonly string[]) take(service);
      for (const { module } of [policies.inbound, policies.outbound].flatMap((ref) => ref ?? [])) {
        const made = whole.get(module) ?? this.#modules.get(module);
        if (made === undefined) lacking.push(module);
        else modules.set(module, made);
      }
    }
    [this.#contents, this.#modules] = [kept, modules];
    return lacking;
  }
}
