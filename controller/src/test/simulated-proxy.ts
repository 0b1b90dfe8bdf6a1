/**
 * A proxy as far as the controller can tell: its own connection and identity, both streams, every
 * content kept and checked by its hash, every snapshot answered. It carries no request. A stream
 * that breaks off is opened again with what is held, as a proxy does.
 */
import { type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { MODULE_ABI } from "@regomesh/policy-runtime";
import {
  CONTROLLER_SERVER_NAME,
  type ControllerMessage,
  contentHash,
  decodeContent,
  EndpointsUpdate,
  type Envelope,
  type EnvelopeContents,
  type Holding,
  type ListenAddress,
  type ModuleParts,
  PROXY_FEATURES,
  type ProxyMessage,
  readContents,
  SnapshotMessage,
  type SnapshotModule,
  snapshotHash,
  type WorkloadContent,
} from "@regomesh/protocol";
import { ControlClient } from "@regomesh/protocol/client";
import type { TestIdentity } from "./identities.ts";

/** Proxies of one process have one copy of what they all hold, though each is sent its own. */
const texts = new Map<string, string>();
const modules = new Map<string, SnapshotModule>();

/** By module, the chunks of those that a proxy of this process has put together and checked. */
const chunksOfModule = new Map<string, string>();

function shared(text: string): string {
  const found = texts.get(text) ?? text;
  texts.set(text, found);
  return found;
}

function sharedModule(module: SnapshotModule): SnapshotModule {
  const found = modules.get(module.hash) ?? module;
  modules.set(module.hash, found);
  return found;
}

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

/** On the average: not all of those that lost their streams together come back together. */
const AGAIN_MS = 1000;

export class SimulatedProxy {
  readonly #workload: string;
  readonly #instance: string;
  readonly #told: Told;
  readonly #client: ControlClient;
  #stream: ClientDuplexStream<ProxyMessage, ControllerMessage> | undefined;
  #holding: Holding | undefined;
  #listen: readonly ListenAddress[];
  #contents: ReadonlyMap<string, string> = new Map();
  #modules: readonly SnapshotModule[] = [];
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
    this.#client = new ControlClient(address, tls, OPTIONS);
  }

  open(): void {
    const stream = this.#client.snapshots();
    this.#stream = stream;
    stream.on("metadata", () => this.#told.onConnected());
    stream.on("error", (error) => this.#comeAgain(error, () => endpoints.cancel()));
    stream.on("data", ({ message }: ControllerMessage) => {
      if (message?.$case === "snapshot") this.#take(message.value);
    });
    this.#hello();
    const request = { workload: this.#workload, namespace: "default", features: [...PROXY_FEATURES] };
    const endpoints = this.#client.endpoints(request);
    endpoints.on("error", (error) => this.#comeAgain(error, () => stream.cancel()));
    endpoints.on("data", (update: EndpointsUpdate) => {
      const services = update.services.map(({ service }) => service);
      this.#told.onEndpoints(services, EndpointsUpdate.encode(update).finish().length);
    });
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

  #hello(): void {
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

  #take(message: SnapshotMessage): void {
    const body = message.body.toString("utf8");
    const { revision, contents } = JSON.parse(body) as Envelope;
    const lacking = snapshotHash(body) === message.hash ? this.#hold(message, contents) : ["the body of that hash"];
    if (lacking.length > 0) this.#told.onError(`a snapshot without ${lacking.length} contents, first ${lacking[0]}`);
    this.#told.onSnapshot(revision.name, SnapshotMessage.encode(message).finish().length);
    const { epoch, sequence, name } = revision;
    this.#holding = { snapshotHash: message.hash, revision: { epoch, sequence, name }, contentHashes: [] };
    this.#hello();
    this.#stream?.write({ message: { $case: "ack", value: { nonce: message.nonce, holding: this.#holding } } });
  }

  /** Keeps what the envelope names, and nothing else; gives what is neither held nor sent. */
  #hold(message: SnapshotMessage, names: EnvelopeContents): readonly string[] {
    // A thousand machines check a module each; of this one the first proxy that is sent it does.
    const known = this.#knownOf(message);
    const moduleParts = message.moduleParts.filter(({ hash }) => !known.has(hash));
    const received = readContents({ ...message, moduleParts }, { contents: this.#contents, modules: this.#modules });
    for (const part of moduleParts) chunksOfModule.set(part.hash, chunkNames(part));
    const kept = new Map<string, string>();
    const lacking: string[] = [];
    const take = (hash: string | undefined): unknown => {
      const text = hash === undefined ? undefined : received.read(hash);
      if (hash === undefined) return undefined;
      if (text === undefined) lacking.push(hash);
      else kept.set(hash, shared(text));
      return text === undefined ? undefined : JSON.parse(text);
    };
    for (const hash of [names.mesh, names.members, names.revoked]) take(hash);
    const modules: SnapshotModule[] = [];
    for (const hash of names.workloads) {
      const workload = take(hash) as WorkloadContent | undefined;
      for (const service of (take(workload?.outbound) as string[] | undefined) ?? []) {
        const text = received.read(service);
        if (text === undefined) lacking.push(service);
        else kept.set(service, shared(text));
      }
      for (const ref of [workload?.policies.inbound, workload?.policies.outbound]) {
        if (ref === undefined) continue;
        const module =
          known.get(ref.module) ?? [...received.modules, ...this.#modules].find((each) => each.hash === ref.module);
        if (module === undefined) lacking.push(ref.module);
        else modules.push(sharedModule(module));
      }
    }
    [this.#contents, this.#modules] = [kept, modules];
    return lacking;
  }

  /** Modules of a message that others have checked, where this proxy has every chunk of them: what it held, and what it is sent. */
  #knownOf({ moduleParts, contents }: SnapshotMessage): ReadonlyMap<string, SnapshotModule> {
    const known = new Map<string, SnapshotModule>();
    const candidates = moduleParts.filter((part) => chunksOfModule.get(part.hash) === chunkNames(part));
    if (candidates.length === 0) return known;
    const held = this.#modules.flatMap(({ hash }) => splitNames(chunksOfModule.get(hash) ?? ""));
    const sent = contents.map((content) => contentHash(decodeContent(content) ?? Buffer.alloc(0)));
    const chunks = new Set([...held, ...sent]);
    for (const part of candidates) {
      const module = modules.get(part.hash);
      if (module !== undefined && splitNames(chunkNames(part)).every((name) => chunks.has(name)))
        known.set(part.hash, module);
    }
    return known;
  }
}

function chunkNames({ wasmChunks, dataChunks }: ModuleParts): string {
  return Buffer.concat([wasmChunks, dataChunks]).toString("hex");
}

function splitNames(names: string): readonly string[] {
  return names.match(/.{64}/g) ?? [];
}
