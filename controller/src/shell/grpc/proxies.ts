/**
 * The proxies that are connected: their sessions, what they get, and the endpoints that
 * follow from them. The one place that changes when a stream opens, answers or ends.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "@regomesh/base";
import type { Ack, Hello, ListenAddress, Nack, ServiceEndpoints, SnapshotMessage } from "@regomesh/protocol";
import type { BuiltModule } from "../../build/modules.ts";
import { type Claim, toServiceEndpoints } from "../../distribution/endpoints.ts";
import {
  isWanted,
  openSession,
  repeatHello,
  type Session,
  send,
  settleAck,
  settleNack,
} from "../../distribution/proxy.ts";
import { type Release, toWorkloadReleases, type WorkloadRelease } from "../../distribution/release.ts";

/** How long the endpoints of a stream that broke off still count: a lost connection is not yet a lost proxy. */
export const LEASE_MS = 1000;
/** A proxy that renews its identity ends one stream as it opens the next: its endpoints stay meanwhile. */
export const HANDOVER_MS = 250;
/** After a start, for as long as proxies need to come back: until then what is kept on disk counts. */
export const RESTART_LEASE_MS = 15_000;

/** One open Snapshots stream. */
export type Stream = {
  readonly workload: string;
  /** SPIFFE ID that the caller has proven. */
  readonly principal: string;
  /** Ends the stream from this side. */
  readonly refuse: (reason: string) => void;
  /** Sends a message; false where the stream is full until `flush` is called. */
  readonly write: (message: SnapshotMessage) => boolean;
};

type Connected = { readonly stream: Stream; session: Session; isFull: boolean };
type Lease = { readonly claim: Claim; readonly untilMs: number };

export type ProxiesOptions = {
  readonly clock: Clock;
  /** Signs a snapshot's body. */
  readonly sign: (body: Uint8Array) => { readonly signature: Buffer; readonly signerPem: string };
  /** Called after anything has changed that status or endpoint streams show. */
  readonly onChange: () => void;
};

export class Proxies {
  readonly #options: ProxiesOptions;
  readonly #connected = new Map<Stream, Connected>();
  readonly #leases = new Map<string, Lease>();
  readonly #words = new Map<string, number>();
  #release: Release | undefined;
  #workloads: ReadonlyMap<string, WorkloadRelease> = new Map();
  #modules: ReadonlyMap<string, BuiltModule> = new Map();

  constructor(options: ProxiesOptions) {
    this.#options = options;
  }

  get release(): Release | undefined {
    return this.#release;
  }

  /** The snapshot that a workload shall have; undefined for one that is not of the mesh. */
  wanted(workload: string): WorkloadRelease | undefined {
    return this.#workloads.get(workload);
  }

  /** The sessions of a workload's proxies, the newest last. */
  sessions(): readonly { readonly workload: string; readonly session: Session }[] {
    return [...this.#connected.values()].map(({ stream, session }) => ({ workload: stream.workload, session }));
  }

  isConnected(workload: string): boolean {
    return [...this.#connected.keys()].some((stream) => stream.workload === workload);
  }

  /** When a workload's proxy was last heard on its stream. */
  lastWordMs(workload: string): number | undefined {
    return this.#words.get(workload);
  }

  /** Puts a release in force: every connected proxy is sent what differs. */
  publish(release: Release): void {
    this.#release = release;
    this.#workloads = toWorkloadReleases(release);
    this.#modules = new Map(release.plan.modules.map((module) => [module.hash, module]));
    for (const connected of [...this.#connected.values()]) {
      const { workload, principal, refuse } = connected.stream;
      if (this.#workloads.get(workload)?.principal === principal) this.#push(connected);
      else refuse(`${principal} is no longer workload ${workload}`);
    }
    this.#options.onChange();
  }

  open(stream: Stream, hello: Hello): void {
    this.#connected.set(stream, { stream, session: openSession(hello), isFull: false });
    this.#leases.delete(stream.workload);
    this.#hear(stream.workload);
    this.flush(stream);
    this.#options.onChange();
  }

  /** False where the hello names another proxy than the stream's first. */
  hear(stream: Stream, hello: Hello): boolean {
    const connected = this.#connected.get(stream);
    const session = connected && repeatHello(connected.session, hello);
    if (connected === undefined || session === undefined) return false;
    connected.session = session;
    this.#hear(stream.workload);
    this.#options.onChange();
    return true;
  }

  ack(stream: Stream, ack: Ack): void {
    this.#settle(stream, (session) => settleAck(session, ack, this.#options.clock.nowMs()));
  }

  nack(stream: Stream, nack: Nack): void {
    this.#settle(stream, (session) => settleNack(session, nack));
  }

  /** The stream may be written again, or there may be something new for it. */
  flush(stream: Stream): void {
    const connected = this.#connected.get(stream);
    if (connected === undefined) return;
    connected.isFull = false;
    this.#push(connected);
  }

  /** A stream ended: at its proxy's word its endpoints are gone almost at once, otherwise after their lease. */
  close(stream: Stream, isOrderly: boolean): void {
    const connected = this.#connected.get(stream);
    if (connected === undefined) return;
    this.#connected.delete(stream);
    this.#hear(stream.workload);
    const claim = toClaim(stream.workload, connected.session.hello.listen);
    this.lease([claim], isOrderly ? HANDOVER_MS : LEASE_MS);
    this.#options.onChange();
  }

  /** Lets claims count for a while without a stream. */
  lease(claims: readonly Claim[], ms: number): void {
    const untilMs = this.#options.clock.nowMs() + ms;
    for (const claim of claims) {
      if (this.isConnected(claim.workload)) continue;
      this.#leases.set(claim.workload, { claim, untilMs });
    }
    void this.#options.clock.sleep(ms + 1).then(() => this.#expire());
  }

  claims(): readonly Claim[] {
    const live = [...this.#connected.values()].map(({ stream, session }) =>
      toClaim(stream.workload, session.hello.listen),
    );
    return [...live, ...[...this.#leases.values()].map(({ claim }) => claim)];
  }

  /** Undefined before there is a release. */
  endpoints(): readonly ServiceEndpoints[] | undefined {
    return this.#release && toServiceEndpoints(this.#release.plan, this.claims());
  }

  #settle(stream: Stream, next: (session: Session) => Session): void {
    const connected = this.#connected.get(stream);
    if (connected === undefined) return;
    connected.session = next(connected.session);
    this.#hear(stream.workload);
    this.#push(connected);
    this.#options.onChange();
  }

  #push(connected: Connected): void {
    const wanted = this.#workloads.get(connected.stream.workload);
    if (wanted === undefined || connected.isFull || !isWanted(connected.session, wanted.hash)) return;
    const missing = wanted.modules.filter((hash) => !connected.session.held.includes(hash));
    const nonce = randomUUID();
    connected.session = send(connected.session, {
      nonce,
      hash: wanted.hash,
      modules: wanted.modules,
      atMs: this.#options.clock.nowMs(),
    });
    const isRoomLeft = connected.stream.write({
      nonce,
      hash: wanted.hash,
      body: Buffer.from(wanted.body),
      modules: missing.flatMap((hash) => this.#artifact(hash)),
      ...this.#options.sign(wanted.body),
    });
    if (!isRoomLeft) connected.isFull = true;
  }

  #hear(workload: string): void {
    this.#words.set(workload, this.#options.clock.nowMs());
  }

  #artifact(hash: string) {
    const module = this.#modules.get(hash);
    if (module === undefined) return [];
    return [{ hash, wasm: Buffer.from(module.wasm), data: Buffer.from(module.data) }];
  }

  #expire(): void {
    const nowMs = this.#options.clock.nowMs();
    const before = this.#leases.size;
    for (const [workload, { untilMs }] of this.#leases) if (untilMs <= nowMs) this.#leases.delete(workload);
    if (this.#leases.size !== before) this.#options.onChange();
  }
}

function toClaim(workload: string, listen: readonly ListenAddress[]): Claim {
  return { workload, listen };
}
