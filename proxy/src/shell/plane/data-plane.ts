/** What carries requests, in one thread or several, as the rest of the process sees it. */
import type {
  DecisionReport,
  EndpointState,
  FileEndpoint,
  Revoked,
  Snapshot,
  SnapshotProblem,
} from "@regomesh/protocol";
import type { EdgeCounts } from "../../metrics/edge-table.ts";
import type { GrpcCalls } from "../../metrics/grpc-calls.ts";
import type { Handshakes } from "../../metrics/handshakes.ts";
import type { OwnAnswers } from "../../metrics/own-answers.ts";
import type { ShadowCounts } from "../../metrics/shadow-table.ts";
import type { DownstreamTimeouts } from "../downstream/downstream-timeouts.ts";
import type { ThreadOpened } from "../module/module-thread.ts";
import type { Address } from "../net/listener.ts";
import type { Identity } from "../net/tls.ts";

export type SnapshotLoad = {
  readonly snapshot: Snapshot;
  readonly hash: string;
  readonly modules: readonly { readonly hash: string; readonly wasm: Uint8Array; readonly data: string }[];
  /** The operator's own word: it holds until he gives another, whatever its expiry. */
  readonly isOperators?: boolean;
  /** Modules that one thread's data plane has had opened, for those of the other threads. */
  readonly opened?: OpenedModules;
};

export type OpenedModules = ReadonlyMap<string, ThreadOpened>;

/** For how long a proxy with this snapshot may be behind before it serves no more; without end where it goes on. */
export function staleAfterMs({ snapshot, isOperators = false }: SnapshotLoad): number {
  const { behindMaxMs = Number.POSITIVE_INFINITY } = snapshot.mesh;
  return isOperators ? Number.POSITIVE_INFINITY : behindMaxMs;
}

export type DataPlaneOptions = {
  /** Undefined: the one workload of the snapshot. */
  readonly workload: string | undefined;
  readonly namespace: string;
  /** Where the application listens, where the snapshot leaves it to the flag. */
  readonly appPort: number | undefined;
  /** Where edge ports listen, in place of what the snapshot says. */
  readonly edge: Address | undefined;
  /** Proxies before an edge whose word on its clients is taken. */
  readonly trustedHops: number;
  /** Several threads listen on the same ports. */
  readonly isShared: boolean;
  readonly timeouts?: DownstreamTimeouts | undefined;
  /** What a request under way may still take when its connection has come to its end. */
  readonly graceMs: number;
};

export type CaptureOptions = {
  /** Where the kernel leads what the workload opens, and what comes for it. */
  readonly outboundPort: number;
  readonly inboundPort: number;
  /** The answer to a call by which the sidecar tries whether the kernel does. */
  readonly word: string;
};

export type Direction = "inbound" | "outbound";

/** Connections of clients: those that are open, and those that were ever taken. */
export type Activity = { readonly connections: number; readonly accepted: number };

/** What a plane has counted since its start, and how it stands. */
export type Reading = {
  /** By the revision that decided, for the newest few. */
  readonly edges: readonly EdgeCounts[];
  /** Of revisions that are no longer told apart. */
  readonly pastEdges: readonly EdgeCounts[];
  /** What the mesh itself answered, by edge and reason. */
  readonly ownAnswers: readonly OwnAnswers[];
  /** What bindings in shadow would have changed. */
  readonly shadows: readonly ShadowCounts[];
  /** Calls of gRPC by method. */
  readonly grpcCalls: readonly GrpcCalls[];
  /** Of mutual TLS that came to their end. */
  readonly handshakes: readonly Handshakes[];
  readonly counters: Float64Array;
  /** The last decisions, newest first. */
  readonly recent: readonly DecisionReport[];
  readonly endpoints: readonly EndpointState[];
};

/** Decisions since they were taken last, refused first, and how many were made but not kept. */
export type Taken = { readonly decisions: readonly DecisionReport[]; readonly dropped: number };

export type Prepared = {
  readonly problems: readonly SnapshotProblem[];
  /** Where the inbound ports listen. */
  readonly inbound: Readonly<Record<string, Address>>;
  readonly opened?: OpenedModules;
};

export interface DataPlane {
  /** `service`: what requests to the port are for, whatever their authority says; undefined: their authority says. */
  listenOutbound(port: number, service?: string): Promise<Address>;
  /** Opens the ports to which `regomesh capture` leads the workload's traffic; where outbound ones are taken. */
  listenCaptured(capture: CaptureOptions): Promise<readonly Address[]>;
  /** Makes a snapshot ready; with problems nothing has changed. `ports`: where inbound ports are to listen. */
  prepare(load: SnapshotLoad, ports: Readonly<Record<string, number>>): Promise<Prepared>;
  /** Puts what was prepared in force. */
  commit(): Promise<void>;
  /** Forgets what was prepared. */
  abandon(): Promise<void>;
  setEndpoints(endpoints: readonly FileEndpoint[], services: readonly string[], isComplete: boolean): Promise<void>;
  /** Since when it is not known that the newest revision is in force; undefined while it is. */
  setBehind(sinceMs: number | undefined): Promise<void>;
  setIdentity(identity: Identity): Promise<void>;
  /** Certificates that were taken back: connections that they opened end now, idle or busy, at both ends. */
  revoke(revoked: Revoked): Promise<void>;
  read(): Promise<Reading>;
  takeDecisions(): Promise<Taken>;
  /** Goes on with the access log that is at its path now; rejects, and keeps the old one, where there can be none. */
  reopenLog(): Promise<void>;
  /** From now on responses end their connections and say so; new connections are taken. */
  announceDrain(direction: Direction): Promise<void>;
  /** Takes no new connection, and ends those on which nothing is under way. */
  closePorts(direction: Direction): Promise<void>;
  activity(direction: Direction): Promise<Activity>;
  close(): Promise<void>;
}
