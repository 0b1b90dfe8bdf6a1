/**
 * A proxy under a controller: identity first, then the last good snapshot if one is kept,
 * then the streams, again and again. What was in force stays in force while the
 * controller is away; a snapshot that cannot be enforced is refused with its reasons.
 */
import { randomUUID } from "node:crypto";
import type { Clock, Log, Random } from "@regomesh/base";
import { MODULE_ABI } from "@regomesh/policy-runtime";
import {
  chunksOf,
  type EndpointsUpdate,
  type FileEndpoint,
  type Hello,
  type Holding,
  type InboundPort,
  joinDigests,
  NOTHING_REVOKED,
  PROXY_FEATURES,
  PROXY_TRANSPORTS,
  type ProxyReport,
  SNAPSHOT_FORMAT,
  type SnapshotFile,
  type SnapshotMessage,
  type SnapshotProblem,
} from "@regomesh/protocol";
import { backoffMs, RECONNECT } from "../../control/backoff.ts";
import { changeEndpoints } from "../../control/change-endpoints.ts";
import { toReport } from "../../control/report.ts";
import { toldAddress } from "../../control/told-address.ts";
import { toRevisionId } from "../../snapshot/in-force.ts";
import type { Address } from "../net/listener.ts";
import type { Identity } from "../net/tls.ts";
import type { Sidecar } from "../proxy.ts";
import { ControlStreams } from "./control-streams.ts";
import { describeError, IdentityKeeper, isRefusal } from "./identity-keeper.ts";
import { readSnapshotMessage } from "./read-snapshot.ts";
import { StateFolder } from "./state-folder.ts";

export type ControlOptions = {
  readonly sidecar: Sidecar;
  readonly address: string;
  /** This machine's as others reach it; undefined: the one by which it reaches its controller. */
  readonly ownAddress?: string | undefined;
  readonly tokenFile: string | undefined;
  readonly workload: string;
  readonly namespace: string;
  readonly state: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Endpoints change in bursts while a mesh comes up: the last word is what is kept. */
const KEEP_AFTER_MS = 1000;
/** Of a controller that does not answer, nobody hears anything: then its clients find the ports closed. */
const WITHDRAWN_MAX_MS = 2000;
const LOOK_MS = 20;
const NO_CONTENTS: ReadonlyMap<string, string> = new Map();

export class Controlled {
  readonly #options: ControlOptions;
  readonly #state: StateFolder;
  readonly #instance = randomUUID();
  readonly #ending = new AbortController();
  #keeper: IdentityKeeper | undefined = undefined;
  #streams: ControlStreams | undefined = undefined;
  #identity: Identity | undefined = undefined;
  #file: SnapshotFile | undefined = undefined;
  #isWithdrawn = false;
  /** Where others were told to find the inbound ports. */
  #told: readonly Address[] = [];
  /** Ports of which it was said that nobody is told of them. */
  readonly #untold = new Set<string>();
  /** Since when there is no word of the controller, and since when its snapshots are refused. */
  #awaySinceMs: number | undefined = undefined;
  #refusingSinceMs: number | undefined = undefined;
  readonly #endpoints = new Map<string, readonly FileEndpoint[]>();
  #keepTimer: NodeJS.Timeout | undefined = undefined;
  #markReady: () => void = () => {};
  /** Resolves once a snapshot is in force. */
  readonly ready: Promise<void>;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(options: ControlOptions, state: StateFolder) {
    this.#options = options;
    this.#state = state;
    this.ready = new Promise((done) => {
      this.#markReady = done;
    });
  }

  /** Starts; `ready` says when it serves. */
  static async open(options: ControlOptions): Promise<Controlled> {
    const state = await StateFolder.open(options.state, (file, trouble) => options.sidecar.disk.hear(file, trouble));
    const controlled = new Controlled(options, state);
    controlled.#running = controlled.#run().catch((error: unknown) => {
      if (!controlled.#ending.signal.aborted) {
        options.log.log("error", "the link to the controller failed", { error: describeError(error) });
      }
    });
    return controlled;
  }

  /**
   * Tells the controller that this proxy takes no further connection; what it sends of others
   * still counts. Resolves once it has told the mesh, or after a while without its answer.
   */
  async withdraw(): Promise<void> {
    const { clock, sidecar } = this.#options;
    this.#isWithdrawn = true;
    if (!sidecar.isControllerConnected) return;
    this.#streams?.hello();
    const untilMs = clock.nowMs() + WITHDRAWN_MAX_MS;
    while (this.#isListed && clock.nowMs() < untilMs) await clock.sleep(LOOK_MS, this.#ending.signal);
  }

  /** The controller says to everybody that this proxy can be reached: so it says to itself. */
  get #isListed(): boolean {
    const { workload } = this.#options;
    return [...this.#endpoints.values()].some((endpoints) =>
      endpoints.some((one) => {
        return (
          one.workload === workload &&
          this.#told.some(({ address, port }) => one.address === address && one.port === port)
        );
      }),
    );
  }

  /** Tells the controller that this proxy goes, and stops. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#streams?.close();
    if (this.#keepTimer !== undefined) {
      clearTimeout(this.#keepTimer);
      await this.#keep();
    }
    await this.#running;
    await this.#state.close();
  }

  async #run(): Promise<void> {
    const { sidecar, clock, log, address, tokenFile, random, namespace, workload } = this.#options;
    const { signal } = this.#ending;
    sidecar.isControllerConnected = false;
    const keeper = new IdentityKeeper({
      address,
      tokenFile,
      workload: `${namespace}/${workload}`,
      state: this.#state,
      clock,
      random,
      log,
      signal,
      onIdentity: (identity) => this.#setIdentity(identity),
      onWaiting: (reason) => {
        sidecar.waitingReason = reason;
      },
    });
    this.#keeper = keeper;
    const identity = await keeper.first();
    await this.#startFromLastGood(identity);
    await Promise.all([keeper.keep(), this.#follow(keeper)]);
  }

  /** A new identity holds for connections to come, and for streams that are opened before the old ones end. */
  async #setIdentity(identity: Identity): Promise<void> {
    this.#identity = identity;
    await this.#options.sidecar.setIdentity(identity);
    const before = this.#streams;
    if (before === undefined) return;
    this.#isRenewing = true;
    this.#streams = this.#connect(identity);
    before.close();
  }
  #isRenewing = false;

  async #startFromLastGood(identity: Identity): Promise<void> {
    const { sidecar, clock, log } = this.#options;
    const { file, why } = await this.#state.readSnapshot(identity, clock.nowMs());
    if (file === undefined) {
      sidecar.waitingReason = `no snapshot yet: the controller has sent none, and of the last good one ${why}`;
      return log.log("info", "waiting for the controller's first snapshot", { lastGood: why });
    }
    // How long this proxy was ended nobody knows: its snapshot is the last word that there is.
    this.#awaySinceMs = file.snapshot.issuedAtMs;
    await this.#tellBehind();
    const problems = await sidecar.apply(file);
    if (problems.length > 0) {
      sidecar.waitingReason = `no snapshot yet: the last good one does not apply: ${problems[0]?.message ?? ""}`;
      return log.log("warn", "the last good snapshot does not apply", { problem: problems[0]?.message });
    }
    this.#file = file;
    for (const endpoint of file.endpoints) {
      this.#endpoints.set(endpoint.service, [...(this.#endpoints.get(endpoint.service) ?? []), endpoint]);
    }
    await sidecar.setEndpoints(file.endpoints, [...this.#endpoints.keys()], true);
    log.log("info", "serving on the last good snapshot", { revision: file.snapshot.revision.name });
    this.#markReady();
  }

  /** Streams, one after the other, until the end. */
  async #follow(keeper: IdentityKeeper): Promise<void> {
    const { clock, random, log, sidecar } = this.#options;
    const { signal } = this.#ending;
    let attempt = 0;
    while (!signal.aborted) {
      this.#streams ??= this.#connect(this.#identity as Identity);
      const streams = this.#streams;
      try {
        await streams.ended;
        if (this.#streams === streams) this.#streams = undefined;
        attempt = 0;
        continue;
      } catch (error) {
        if (this.#streams === streams) this.#streams = undefined;
        if (sidecar.isControllerConnected) attempt = 0;
        sidecar.isControllerConnected = false;
        this.#awaySinceMs ??= clock.nowMs();
        await this.#tellBehind();
        attempt++;
        if (sidecar.load === undefined) sidecar.waitingReason = `no snapshot yet: ${describeError(error)}`;
        if (isRefusal(error)) keeper.renewNow(describeError(error));
        if (attempt === 1 || attempt % 10 === 0) {
          const facts = { error: describeError(error), attempt, serving: sidecar.isReady };
          if (isRefusal(error)) log.log("error", "the controller refuses this proxy", facts);
          else log.log("warn", "the controller is away", facts);
        }
      }
      await clock.sleep(backoffMs(RECONNECT, attempt, random), signal);
    }
  }

  #connect(identity: Identity): ControlStreams {
    const { address, sidecar, log } = this.#options;
    return new ControlStreams(address, identity, {
      hello: (isFirst, localAddress) => this.#hello(isFirst, localAddress),
      holding: (isRefusing) => (isRefusing ? this.#holdingWhole() : this.#holding()),
      onSnapshot: (message) => this.#onSnapshot(message),
      onRenew: () => {
        log.log("info", "the controller has this proxy take another identity");
        this.#keeper?.rotate();
      },
      onEndpoints: (update) => this.#onEndpoints(update),
      report: () => this.#report(),
      onConnected: () => {
        if (!sidecar.isControllerConnected && !this.#isRenewing)
          log.log("info", "connected to the controller", { address });
        sidecar.isControllerConnected = true;
        this.#isRenewing = false;
        this.#awaySinceMs = undefined;
        void this.#tellBehind();
      },
    });
  }

  /** `isFirst`: the first of a stream also says what need not be sent. */
  #hello(isFirst: boolean, localAddress: string | undefined): Hello {
    const { workload, namespace, sidecar } = this.#options;
    const { admin } = sidecar.addresses;
    const ports = new Map(this.#ownPorts().map((port) => [port.name, port.servicePort]));
    return {
      workload,
      namespace,
      instance: this.#instance,
      moduleAbi: MODULE_ABI,
      snapshotFormats: [SNAPSHOT_FORMAT],
      features: [...PROXY_FEATURES],
      holding: isFirst ? this.#holdingWhole() : this.#holding(),
      listen: (this.#isWithdrawn ? [] : this.#tellPorts(localAddress)).map(({ name, address, port }) => ({
        portName: name,
        address,
        port,
        transports: [...PROXY_TRANSPORTS],
        servicePort: ports.get(name),
      })),
      admin: `${admin.address}:${admin.port}`,
    };
  }

  /** Where others find the inbound ports. */
  #tellPorts(localAddress: string | undefined): readonly (Address & { readonly name: string })[] {
    const { sidecar, ownAddress = localAddress, log } = this.#options;
    const told = Object.entries(sidecar.addresses.inbound).flatMap(([name, { address: listen, port }]) => {
      const address = toldAddress(listen, ownAddress);
      if (address !== undefined) return [{ name, address, port }];
      if (!this.#untold.has(name))
        log.log("warn", "nobody is told of a port: it listens on every address, and none of them is known", {
          port: name,
          listen,
          hint: "name this machine's with --address",
        });
      this.#untold.add(name);
      return [];
    });
    this.#told = told;
    return told;
  }

  /** The inbound ports that are in force. */
  #ownPorts(): readonly InboundPort[] {
    const { workload, namespace, sidecar } = this.#options;
    const own = sidecar.load?.snapshot.workloads.find((one) => one.name === workload && one.namespace === namespace);
    return own?.inbound ?? [];
  }

  #holding(): Holding {
    const { load } = this.#options.sidecar;
    return {
      snapshotHash: load?.hash ?? "",
      revision: load === undefined ? undefined : toRevisionId(load.snapshot),
      contentHashes: (load?.modules ?? []).map(({ hash }) => hash),
    };
  }

  /** With every content that is held, by its digest. */
  #holdingWhole(): Holding {
    const modules = this.#options.sidecar.load?.modules ?? [];
    const chunks = chunksOf({ modules }).map(([hash]) => hash);
    return { ...this.#holding(), contentDigests: joinDigests([...(this.#file?.contents?.keys() ?? []), ...chunks]) };
  }

  async #onSnapshot(message: SnapshotMessage): Promise<readonly SnapshotProblem[]> {
    const { sidecar, clock, log } = this.#options;
    const read = readSnapshotMessage(message, {
      current: sidecar.load,
      contents: this.#file?.contents ?? NO_CONTENTS,
      held: this.#file,
      trust: this.#identity as Identity,
      nowMs: clock.nowMs(),
    });
    const { file } = read;
    // This much of it holds at once, also where the rest cannot be taken here.
    if (file !== undefined) await sidecar.plane.revoke(file.snapshot.revoked ?? NOTHING_REVOKED);
    const problems = file === undefined ? read.problems : await this.#apply(file);
    if (file === undefined || problems.length > 0) {
      const first = problems[0]?.message ?? "";
      log.log("warn", "a snapshot was refused", { hash: message.hash.slice(0, 12), problem: first });
      if (sidecar.load === undefined) sidecar.waitingReason = `the controller's snapshot was refused: ${first}`;
      this.#refusingSinceMs ??= clock.nowMs();
      await this.#tellBehind();
      return problems;
    }
    this.#refusingSinceMs = undefined;
    await this.#tellBehind();
    this.#file = file;
    log.log("info", "a snapshot is in force", { revision: file.snapshot.revision.name, hash: file.hash.slice(0, 12) });
    this.#keepSoon();
    this.#markReady();
    return [];
  }

  /** Away or refusing, whatever began first: the newest revision may be another one. */
  async #tellBehind(): Promise<void> {
    const since = [this.#awaySinceMs, this.#refusingSinceMs].filter((each) => each !== undefined);
    await this.#options.sidecar.setBehind(since.length === 0 ? undefined : Math.min(...since));
  }

  /** What fails in a way that has no name is this machine's affair: the link and the old snapshot stay. */
  async #apply(file: SnapshotFile): Promise<readonly SnapshotProblem[]> {
    try {
      return await this.#options.sidecar.apply(file);
    } catch (error) {
      this.#options.log.log("error", "a snapshot could not be put in force", { error: (error as Error).stack });
      return [{ code: "internal", message: describeError(error) }];
    }
  }

  async #onEndpoints(update: EndpointsUpdate): Promise<void> {
    if (update.complete) this.#endpoints.clear();
    for (const change of update.services) {
      const { service } = change;
      this.#endpoints.set(service, changeEndpoints(this.#endpoints.get(service) ?? [], change));
    }
    const services = update.services.map(({ service }) => service);
    const endpoints = services.flatMap((service) => this.#endpoints.get(service) ?? []);
    await this.#options.sidecar.setEndpoints(endpoints, services, update.complete);
    this.#keepSoon();
  }

  async #report(): Promise<ProxyReport | undefined> {
    const { sidecar, workload, namespace, clock } = this.#options;
    const [reading, taken] = await Promise.all([sidecar.plane.read(), sidecar.plane.takeDecisions()]);
    return toReport({
      workload,
      namespace,
      instance: this.#instance,
      timeMs: clock.nowMs(),
      ...reading,
      ...taken,
      holding: this.#holding(),
      svidNotAfterMs: this.#identity?.notAfterMs ?? 0,
      troubles: [...sidecar.disk.list(), ...(sidecar.capture?.troubles ?? [])],
      captured: sidecar.capture?.isCaptured ?? false,
    });
  }

  #keepSoon(): void {
    this.#keepTimer ??= setTimeout(() => void this.#keep(), KEEP_AFTER_MS);
  }

  async #keep(): Promise<void> {
    this.#keepTimer = undefined;
    if (this.#file === undefined) return;
    await this.#state.keepSnapshot({ ...this.#file, endpoints: [...this.#endpoints.values()].flat() });
  }
}
