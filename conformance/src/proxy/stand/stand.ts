/**
 * A proxy between peers that a scenario plays, in this process so that its time limits
 * can be short. At the end every connection and every access record is accounted for.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeLog } from "@regomesh/base";
import {
  type FileEndpoint,
  type Member,
  makeSnapshotFile,
  type OutboundService,
  type Revoked,
  type SnapshotFile,
  type SnapshotModule,
  type TrafficSettings,
  type WorkloadSnapshot,
} from "@regomesh/protocol";
import { type DownstreamTimeouts, type Identity, openProxy, type Sidecar } from "@regomesh/proxy";
import { makeService, makeSnapshot, makeWorkload } from "@regomesh/proxy/test";
import { exchange } from "./wire.ts";
import { eventually } from "./within.ts";

/** What an access record says, as far as scenarios look. */
export type AccessRecord = {
  readonly direction: "inbound" | "outbound";
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly verdict: string;
  readonly reason?: string;
  readonly detail?: string;
  readonly rules?: readonly string[];
  readonly source: string;
  readonly service: string;
  readonly endpoint?: string;
  readonly tries?: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
};

export type StandOptions = {
  /** Port of the application behind the inbound listener. */
  readonly app?: number;
  /** Endpoints of the service `orders`. */
  readonly orders?: readonly FileEndpoint[];
  readonly service?: Partial<OutboundService>;
  readonly traffic?: Partial<TrafficSettings>;
  readonly workload?: Partial<WorkloadSnapshot>;
  readonly modules?: readonly SnapshotModule[];
  readonly timeouts?: Partial<DownstreamTimeouts>;
  readonly identity?: Identity;
  readonly workers?: number;
  readonly graceMs?: number;
  readonly members?: readonly Member[];
  readonly revoked?: Revoked;
};

/** Short, and far enough apart that each is told from the others. */
export const SHORT = { idleMs: 400, headMs: 250, stallMs: 300 };
/** The stand's own clients half-close, and wait for what takes its time. */
const PATIENT = { leftMs: 60_000 };
/** Nobody waits longer for what a time limit of SHORT ends, on a machine that has other things to do. */
export const SOON_MS = 4000;

export class Stand {
  readonly proxy: Sidecar;
  /** What the proxy said of itself, a JSON object each. */
  readonly said: readonly Readonly<Record<string, unknown>>[];
  readonly #folder: string;
  readonly #workers: number;

  constructor(proxy: Sidecar, said: readonly Readonly<Record<string, unknown>>[], folder: string, workers: number) {
    this.proxy = proxy;
    this.said = said;
    this.#folder = folder;
    this.#workers = workers;
  }

  get inbound(): number {
    return this.proxy.addresses.inbound["http"]?.port ?? 0;
  }

  get outbound(): number {
    return this.proxy.addresses.outbound.port;
  }

  /** A request to the application, on a connection of its own. */
  async ask(path: string, fields = ""): Promise<string> {
    return await exchange(this.inbound, `GET ${path} HTTP/1.1\r\nHost: web\r\n${fields}\r\n`);
  }

  /** A request to the service `orders`, on a connection of its own. */
  async askOrders(path: string, fields = ""): Promise<string> {
    return await exchange(this.outbound, `GET ${path} HTTP/1.1\r\nHost: orders\r\n${fields}\r\n`);
  }

  /** A count among the proxy's metrics. */
  async metric(name: "connections_open" | "upstream_open" | "retries" | "handshake_failures"): Promise<number> {
    const columns = { retries: 3, connections_open: 5, upstream_open: 7, handshake_failures: 8 };
    return (await this.proxy.plane.read()).counters[columns[name]] ?? 0;
  }

  /** Closes the proxy, whatever is open, and takes its folder away. */
  async end(): Promise<void> {
    await this.proxy.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /**
   * Waits until no client's connection is open, closes the proxy, and gives its access
   * records in the order in which the requests ended. Fails where a connection stays.
   */
  async close(): Promise<readonly AccessRecord[]> {
    let open = 0;
    await eventually(
      SOON_MS,
      () => `no client's connection open; there are ${open}`,
      async () => {
        open = await this.metric("connections_open");
        return open === 0;
      },
    );
    await this.proxy.close();
    // Of threads that have ended nobody can ask.
    const upstream = this.#workers === 1 ? await this.metric("upstream_open") : 0;
    if (upstream !== 0) throw new Error(`${upstream} connections to endpoints are left open`);
    const log = await readFile(join(this.#folder, "access.log"), "utf8");
    await rm(this.#folder, { recursive: true, force: true });
    return log
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as AccessRecord);
  }
}

export async function openStand(options: StandOptions = {}): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), "regomesh-scenario-"));
  const said: Readonly<Record<string, unknown>>[] = [];
  const log = makeLog({
    write: (line) => said.push(JSON.parse(line) as Readonly<Record<string, unknown>>),
    nowMs: Date.now,
    least: "debug",
  });
  const proxy = await openProxy({
    log,
    workload: undefined,
    namespace: "default",
    appPort: options.app,
    edge: undefined,
    outboundPort: 0,
    accessLog: join(folder, "access.log"),
    workers: options.workers ?? 1,
    state: undefined,
    timeouts: { ...PATIENT, ...options.timeouts },
    graceMs: options.graceMs,
  });
  if (options.identity !== undefined) await proxy.setIdentity(options.identity);
  await proxy.applyFile(snapshotOf(options));
  return new Stand(proxy, said, folder, options.workers ?? 1);
}

export function snapshotOf(options: StandOptions): SnapshotFile {
  const plain = makeService("orders");
  const service: OutboundService = {
    ...plain,
    ...options.service,
    traffic: { ...plain.traffic, ...options.traffic },
  };
  const workload = makeWorkload({ outbound: [service], ...options.workload });
  const { members, revoked } = options;
  const change = { ...(members && { members }), ...(revoked && { revoked }) };
  return makeSnapshotFile(makeSnapshot(workload, change), options.modules, options.orders);
}

export function endpointAt(port: number, change: Partial<FileEndpoint> = {}): FileEndpoint {
  return {
    service: "orders.default",
    address: "127.0.0.1",
    port,
    workload: `orders-${port}`,
    principal: "",
    labels: {},
    portName: "http",
    ...change,
  };
}

/** Status and reason of a record, and how it is told: what most scenarios compare. */
export function outcomes(records: readonly AccessRecord[]): readonly string[] {
  return records.map(({ method, path, status, reason = "" }) => `${method} ${path} ${status} ${reason}`.trim());
}

/** Reason that a response of the proxy's own gives. */
export function reasonsOf(text: string): readonly string[] {
  return [...text.matchAll(/"reason":"([a-z_]+)"/g)].map(([, reason = ""]) => reason);
}
