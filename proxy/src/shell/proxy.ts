/**
 * The sidecar as a thing with a lifetime: opens listeners, takes snapshots from a file or
 * from the controller, answers the admin interface, and drains when it ends.
 */
import { randomBytes } from "node:crypto";
import type { Log, LogFormat } from "@regomesh/base";
import {
  type FileEndpoint,
  PROBE_PORT,
  type Probes,
  type SnapshotFile,
  type SnapshotProblem,
} from "@regomesh/protocol";
import type { ProxyFacts } from "../metrics/print-metrics.ts";
import { AccessLog } from "./admin/access-log.ts";
import { type Admin, openAdmin } from "./admin/admin.ts";
import { DiskTroubles } from "./admin/disk-troubles.ts";
import { openProbePort, type ProbePort } from "./admin/probe-port.ts";
import { CaptureWatch } from "./capture/capture-watch.ts";
import { DEFAULT_TIMEOUTS, type DownstreamTimeouts } from "./downstream/downstream-timeouts.ts";
import type { Address } from "./net/listener.ts";
import type { Identity } from "./net/tls.ts";
import { type DataPlane, type SnapshotLoad, staleAfterMs } from "./plane/data-plane.ts";
import { drainPlane } from "./plane/drain.ts";
import { makeSharedMemory, makeThread, type SocketOptions } from "./plane/make-thread.ts";
import { ThreadPlane } from "./plane/thread-plane.ts";
import { WorkerPlane } from "./plane/worker-plane.ts";

export type ProxyOptions = {
  readonly log: Log;
  readonly workload: string | undefined;
  readonly namespace: string;
  readonly appPort: number | undefined;
  readonly edge: Address | undefined;
  /** Proxies before an edge whose word on its clients is taken; default none. */
  readonly trustedHops?: number | undefined;
  /** Where the application sends its requests; 0: a free port. */
  readonly outboundPort: number;
  /** `regomesh capture` leads the workload's traffic here: outbound to `outboundPort`, inbound to this one. */
  readonly capturedInboundPort?: number | undefined;
  /** What a kubelet asks this sidecar for in place of its application, at the port for it. */
  readonly probes?: Probes | undefined;
  /** Ports for one service each, for clients that can set neither a proxy nor an authority. */
  readonly outboundServices?: readonly ServicePort[] | undefined;
  readonly accessLog: string | undefined;
  /** Of the access log's lines; JSON unless said. */
  readonly logFormat?: LogFormat | undefined;
  /** Where the admin interface listens, on loopback; a free port unless said. */
  readonly admin?: Address | undefined;
  /** Its /metrics needs no token. */
  readonly isMetricsOpen?: boolean | undefined;
  readonly workers: number;
  /** Folder of the admin token, and of what is kept. */
  readonly state: string | undefined;
  readonly timeouts?: Partial<DownstreamTimeouts> | undefined;
  /** What a request under way may still take when its connection has come to its end; default 30 s. */
  readonly graceMs?: number | undefined;
  readonly sockets?: SocketOptions | undefined;
  /** The time of day for a proxy of one thread, in milliseconds since 1970; tests set it. */
  readonly wallMs?: (() => number) | undefined;
  /** A worker thread ended unasked: the process should end too, and be started anew. */
  readonly onFailed?: (error: Error) => void;
};

/** `service`: as a client would name it, with a port where it is not 80. */
export type ServicePort = { readonly service: string; readonly port: number };

/** Longer than nearly every response, shorter than a renewal that is late. */
const DEFAULT_GRACE_MS = 30_000;

/** Of the answer to the sidecar's own call: nobody guesses it. */
const CHECK_WORD_BYTES = 16;

/** A timer's own bound. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

export class SnapshotRefused extends Error {
  readonly code = "snapshot_refused";
  readonly problems: readonly SnapshotProblem[];
  constructor(problems: readonly SnapshotProblem[]) {
    super(problems.map(({ message }) => message).join("; "));
    this.problems = problems;
  }
}

export type Addresses = {
  readonly outbound: Address;
  /** By service. */
  readonly outboundServices: Readonly<Record<string, Address>>;
  readonly inbound: Readonly<Record<string, Address>>;
  readonly admin: Address;
};

export class Sidecar {
  readonly plane: DataPlane;
  readonly disk: DiskTroubles;
  /** Where a kubelet asks of the application. */
  probePort: ProbePort | undefined = undefined;
  /** Where traffic is to be captured. */
  capture: CaptureWatch | undefined = undefined;
  readonly #admin: Admin;
  readonly #outbound: Pick<Addresses, "outbound" | "outboundServices">;
  #inbound: Readonly<Record<string, Address>> = {};
  #load: SnapshotLoad | undefined = undefined;
  #isDraining = false;
  /** Somebody has said where services are, or that nobody serves them. */
  #areEndpointsKnown = false;
  #identity: Identity | undefined = undefined;
  #behindSinceMs: number | undefined = undefined;
  #expiry: NodeJS.Timeout | undefined = undefined;
  readonly #log: Log;
  readonly #wallMs: () => number;
  /** What a proxy without a snapshot waits for; set by whoever brings it one. */
  waitingReason = "no snapshot yet";
  isControllerConnected: boolean | undefined = undefined;
  onDrainRequested: (() => void) | undefined = undefined;

  constructor(
    plane: DataPlane,
    admin: Admin,
    outbound: Pick<Addresses, "outbound" | "outboundServices">,
    disk: DiskTroubles,
    log: Log,
    wallMs: () => number,
  ) {
    this.#log = log;
    this.#wallMs = wallMs;
    this.plane = plane;
    this.disk = disk;
    this.#admin = admin;
    this.#outbound = outbound;
  }

  get addresses(): Addresses {
    return { ...this.#outbound, inbound: this.#inbound, admin: this.#admin.address };
  }

  /** What is in force. */
  get load(): SnapshotLoad | undefined {
    return this.#load;
  }

  get isReady(): boolean {
    return this.waitingFor() === "";
  }

  /** Nobody takes what it shows any more. */
  get #isSvidExpired(): boolean {
    return this.#identity !== undefined && this.#identity.notAfterMs <= this.#wallMs();
  }

  /** Why what is in force decides nothing any more; "" where it does. */
  get #staleness(): string {
    const load = this.#load;
    if (load === undefined || load.isOperators === true) return "";
    const { expiresAtMs } = load.snapshot;
    const nowMs = this.#wallMs();
    if (expiresAtMs <= nowMs) return `the snapshot expired at ${new Date(expiresAtMs).toISOString()}`;
    if (this.#behindSinceMs === undefined || this.#behindSinceMs + staleAfterMs(load) > nowMs) return "";
    return `it is behind its controller since ${new Date(this.#behindSinceMs).toISOString()}, longer than the mesh allows`;
  }

  /** Puts a snapshot in force, whole, or gives why not; the old one stays then. */
  async apply(
    { snapshot, hash, modules, isOperators = false }: SnapshotLoad,
    ports: Readonly<Record<string, number>> = {},
  ): Promise<readonly SnapshotProblem[]> {
    // Threads are handed this and nothing else that a file holds.
    const load: SnapshotLoad = { snapshot, hash, modules, isOperators };
    const { problems, inbound } = await this.plane.prepare(load, ports);
    if (problems.length > 0) return problems;
    await this.plane.commit();
    this.#inbound = inbound;
    this.#load = load;
    return problems;
  }

  /** An operator's own file, endpoints included. */
  async applyFile(file: SnapshotFile): Promise<void> {
    const problems = await this.apply({ ...file, isOperators: true });
    if (problems.length > 0) throw new SnapshotRefused(problems);
    const services = [...new Set(file.endpoints.map(({ service }) => service))];
    await this.setEndpoints(file.endpoints, services, true);
  }

  /** Where the endpoints of `services` are; of these services alone, unless it is complete. */
  async setEndpoints(
    endpoints: readonly FileEndpoint[],
    services: readonly string[],
    isComplete: boolean,
  ): Promise<void> {
    await this.plane.setEndpoints(endpoints, services, isComplete);
    this.#areEndpointsKnown = true;
  }

  /** Since when it is not known that the newest revision is in force: undefined while it is. */
  async setBehind(sinceMs: number | undefined): Promise<void> {
    if (sinceMs === this.#behindSinceMs) return;
    this.#behindSinceMs = sinceMs;
    await this.plane.setBehind(sinceMs);
  }

  async setIdentity(identity: Identity): Promise<void> {
    this.#identity = identity;
    this.#watchExpiry();
    await this.plane.setIdentity(identity);
  }

  /** Says it in the log when the SVID ends before another has come. */
  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const { spiffeId, notAfterMs } = this.#identity as Identity;
    const leftMs = notAfterMs - this.#wallMs();
    if (leftMs <= 0) this.#log.log("error", "the SVID has expired: no peer takes it", { spiffeId, notAfterMs });
    else this.#expiry = setTimeout(() => this.#watchExpiry(), Math.min(leftMs, TIMEOUT_MAX_MS)).unref();
  }

  /** Goes on with the log files that are at their paths now; why not is in the log. */
  async reopenLogs(): Promise<void> {
    try {
      await this.plane.reopenLog();
      this.#log.log("info", "log files were opened anew");
    } catch (error) {
      this.#log.log("error", "the access log cannot be opened anew", { error: (error as Error).message });
    }
  }

  get identity(): Identity | undefined {
    return this.#identity;
  }

  /** Why it is not ready; "" where it is. */
  waitingFor(): string {
    if (this.#isDraining) return "draining";
    if (this.#isSvidExpired) return `the SVID expired at ${new Date(this.#identity?.notAfterMs ?? 0).toISOString()}`;
    if (this.#load === undefined) return this.waitingReason;
    if (this.#staleness !== "") return this.#staleness;
    return this.#areEndpointsKnown ? "" : "no endpoints yet: the controller has not said where services are";
  }

  facts(): ProxyFacts {
    return {
      isReady: this.isReady,
      revision: this.#load?.snapshot.revision.name ?? "",
      svidNotAfterSeconds: this.#identity === undefined ? undefined : Math.floor(this.#identity.notAfterMs / 1000),
      isSvidExpired: this.#isSvidExpired,
      isControllerConnected: this.isControllerConnected,
    };
  }

  /** Called where an operator asks the proxy to end. */
  requestDrain(): void {
    this.onDrainRequested?.();
  }

  /**
   * Ends in order: responses announce it while new connections are still taken, then the
   * ports close and what is under way is finished; first inbound, so that its requests can
   * still call out, then outbound. What is left after `deadlineMs` is cut.
   */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    await drainPlane(this.plane, deadlineMs);
    await this.close();
  }

  async close(): Promise<void> {
    clearTimeout(this.#expiry);
    this.capture?.close();
    await this.probePort?.close();
    await this.plane.close();
    await this.#admin.close();
  }
}

/** Opens listeners for the application and for the operator; nothing is served before a snapshot is applied. */
export async function openProxy(options: ProxyOptions): Promise<Sidecar> {
  const disk = new DiskTroubles(options.log);
  const plane = await openPlane(options, disk);
  try {
    const { outbound, capture } = await openOutbound(plane, options);
    const outboundServices: Record<string, Address> = {};
    for (const { service, port } of options.outboundServices ?? []) {
      outboundServices[service] = await plane.listenOutbound(port, service);
    }
    let sidecar: Sidecar | undefined;
    const admin = await openAdmin({
      state: options.state,
      listen: options.admin,
      isMetricsOpen: options.isMetricsOpen,
      plane,
      disk,
      current: () => sidecar,
    });
    sidecar = new Sidecar(plane, admin, { outbound, outboundServices }, disk, options.log, options.wallMs ?? Date.now);
    sidecar.capture = capture;
    const { probes = new Map() } = options;
    if (probes.size > 0) sidecar.probePort = await openProbePort(probes, PROBE_PORT);
    return sidecar;
  } catch (error) {
    await plane.close();
    throw error;
  }
}

/** Where the application sends its requests, by itself or by capture, which is tried at once. */
async function openOutbound(
  plane: DataPlane,
  { outboundPort, capturedInboundPort: inboundPort, log }: ProxyOptions,
): Promise<{ readonly outbound: Address; readonly capture?: CaptureWatch }> {
  if (inboundPort === undefined) return { outbound: await plane.listenOutbound(outboundPort) };
  const word = randomBytes(CHECK_WORD_BYTES).toString("hex");
  const addresses = await plane.listenCaptured({ outboundPort, inboundPort, word });
  const capture = new CaptureWatch(
    word,
    addresses.map(({ address }) => address),
    log,
  );
  await capture.start();
  return { outbound: addresses[0] ?? { address: "127.0.0.1", port: outboundPort }, capture };
}

/** One worker is this thread itself: a thread more would only cost memory. */
async function openPlane(options: ProxyOptions, disk: DiskTroubles): Promise<DataPlane> {
  const { log, workload, namespace, appPort, edge, workers, accessLog, logFormat, sockets } = options;
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const { graceMs = DEFAULT_GRACE_MS, trustedHops = 0 } = options;
  const isShared = workers > 1;
  const planeOptions = { workload, namespace, appPort, edge, isShared, timeouts, graceMs, trustedHops };
  const shared = makeSharedMemory();
  if (isShared) {
    // A function is for this thread alone.
    const { afterRead: _, ...ways } = sockets ?? {};
    const start = { options: planeOptions, shared, accessLog, logFormat, sockets: ways };
    return await WorkerPlane.open(workers, start, log, {
      onFailed: (error) => {
        log.log("error", "a worker thread failed", { error: error.message });
        options.onFailed?.(error);
      },
      onTrouble: (thread, trouble) => disk.hear(`access log of thread ${thread}`, trouble),
    });
  }
  const file =
    accessLog === undefined
      ? undefined
      : await AccessLog.open(accessLog, (trouble) => disk.hear("access log", trouble), logFormat);
  return new ThreadPlane(makeThread({ log, shared, accessLog: file, sockets, wallMs: options.wallMs }), planeOptions);
}
