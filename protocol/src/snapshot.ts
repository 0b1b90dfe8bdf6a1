/**
 * The configuration of one proxy, whole and immutable: what the controller builds,
 * hashes, signs and sends, and what a proxy swaps in by one assignment.
 *
 * A snapshot never holds endpoints (state, a stream of its own) nor keys.
 */

import type { ProxyFeature } from "./link.ts";

/** A proxy that does not know a snapshot's format NACKs it. */
export const SNAPSHOT_FORMAT = 1;

export type Snapshot = {
  readonly format: typeof SNAPSHOT_FORMAT;
  readonly revision: Revision;
  readonly issuedAtMs: number;
  /** A persisted snapshot is not started from after this time. */
  readonly expiresAtMs: number;
  readonly mesh: MeshSettings;
  /** Who is of the mesh: nobody else may speak to anybody. Absent: any of the trust domain. */
  readonly members?: readonly Member[];
  /** Certificates that count no longer. State, not part of the revision: the same one may come again with others. */
  readonly revoked?: Revoked;
  /** One for a sidecar; more for a proxy that serves a whole machine. */
  readonly workloads: readonly WorkloadSnapshot[];
};

/** A SPIFFE ID, and the workloads (`namespace/name`) that have it; a certificate that names none may be any of them. */
export type Member = { readonly principal: string; readonly workloads: readonly string[] };

/** Certificates that are taken back before their end. */
export type Revoked = {
  /** Serial numbers, as `parseSerial` gives them. */
  readonly serials: readonly string[];
  readonly workloads: readonly RevokedWorkload[];
};

/** Of a workload, what was issued to it before a time: a certificate that it gets afterwards is good. */
export type RevokedWorkload = {
  /** `namespace/name`, as the certificate's subject names it; one that names none is taken for this one. */
  readonly workload: string;
  /** Its SPIFFE ID, which it may share with others. */
  readonly principal: string;
  /** Those whose validity begins before, in milliseconds since 1970. */
  readonly beginsBeforeMs: number;
};

export const NOTHING_REVOKED: Revoked = { serials: [], workloads: [] };

export type Revision = {
  /** Changes when the controller's history starts anew. */
  readonly epoch: string;
  /** Grows by one with every revision of an epoch. */
  readonly sequence: number;
  /** Short name for people and records: the commit's hash where git is the source. */
  readonly name: string;
  readonly commit?: {
    readonly hash: string;
    readonly subject: string;
    readonly author: string;
    readonly committedAtMs: number;
  };
};

export type MeshSettings = {
  readonly name: string;
  readonly trustDomain: string;
  /** Shows rule and place of a denial to the client; never outside a demo. */
  readonly explainDenials: boolean;
  /**
   * For how long a proxy may be behind, which is without a word of its controller or refusing a newer snapshot, before
   * it refuses every request. Absent: it serves for as long as its snapshot lasts.
   */
  readonly behindMaxMs?: number;
};

/** What a proxy must be able to do to enforce what these settings say. */
export function featuresOf({ behindMaxMs }: Pick<MeshSettings, "behindMaxMs">): readonly ProxyFeature[] {
  return behindMaxMs === undefined ? [] : ["staleness"];
}

export type WorkloadSnapshot = {
  readonly name: string;
  readonly namespace: string;
  /** Name of the MeshService that it belongs to. */
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  /** SPIFFE ID of the workload. */
  readonly principal: string;
  readonly inbound: readonly InboundPort[];
  readonly outbound: readonly OutboundService[];
  /** Ports for one service each, for clients that can be told neither a proxy nor an authority. */
  readonly localPorts?: readonly LocalPort[];
  readonly policies: {
    readonly inbound?: PolicyRef;
    readonly outbound?: PolicyRef;
  };
  /** What stands where no unit is bound: deny (default) or allow. */
  readonly defaultVerdict: "deny" | "allow";
  /** Level of path normalisation (proxy/src/path). */
  readonly pathLevel: "BASE" | "MERGE_SLASHES" | "DECODE_AND_MERGE_SLASHES" | "KEEP_ESCAPED_SLASHES";
};

/** What a port of a service speaks: HTTP/1.1, or HTTP/2 by prior knowledge, over which gRPC goes. Clients may speak either. */
export type PortProtocol = "http" | "http2" | "grpc";

export type InboundPort = {
  readonly name: string;
  /** The number by which clients name it, and by which it stays the same port under another name; absent: its name. */
  readonly servicePort?: number;
  /** Towards the application. */
  readonly protocol: PortProtocol;
  /** `edge` takes plaintext from outside the mesh; `strict` takes mTLS of the mesh alone. */
  readonly mode: "strict" | "edge";
  /** Where the proxy listens for the mesh; port 0 is a free one, told in the hello. */
  readonly listen: { readonly address: string; readonly port: number };
  /** Where the application listens. Loopback. Port 0: the proxy's `--app` flag says. */
  readonly application: { readonly address: string; readonly port: number };
};

/** A port of 127.0.0.1 all of whose requests are for one service. */
export type LocalPort = {
  readonly port: number;
  /** `name.namespace`, and the port that clients would name. */
  readonly service: string;
  readonly servicePort: number;
};

export type OutboundService = {
  readonly name: string;
  readonly namespace: string;
  /** Authorities (lower case, without port) by which a client may name it. */
  readonly hosts: readonly string[];
  /** The port that clients name; a target without port means 80. */
  readonly port: number;
  /** The name of the service's port that endpoints are taken from. */
  readonly portName: string;
  /** Towards endpoints in plaintext, which agree on nothing; absent: HTTP/1.1. */
  readonly protocol?: PortProtocol;
  readonly subsets: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
  /** SPIFFE IDs with which its endpoints may answer. */
  readonly principals: readonly string[];
  /** Where requests go when no rule of a policy says. */
  readonly defaultRoute: readonly { readonly subset?: string; readonly weight: number }[];
  readonly traffic: TrafficSettings;
};

/** Numbers of TrafficPolicy with every default filled in. Milliseconds and counts. */
export type TrafficSettings = {
  readonly balancer: "least-request" | "round-robin" | "random";
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly connectionsMax: number;
  readonly pendingMax: number;
  readonly retry: {
    readonly attempts: number;
    readonly perTryMs: number | undefined;
    readonly on: readonly ("connect" | "reset" | "5xx" | "gateway-error" | "unavailable")[];
    /** Share of active requests that may be retries, in percent, and the floor below which it does not bind. */
    readonly budgetPercent: number;
    readonly budgetMin: number;
  };
  readonly breaker: {
    readonly failuresMax: number;
    readonly openMs: number;
    readonly openMaxMs: number;
  };
};

export type PolicyRef = {
  /** Hash of the module artifact. */
  readonly module: string;
  readonly entrypoints: readonly BoundEntrypoint[];
};

/** One entrypoint of a bound unit, and how it counts. */
export type BoundEntrypoint = {
  /** Name in the module's meta: its bit is found by it. */
  readonly name: string;
  readonly kind: "authz" | "route" | "limits";
  readonly unit: string;
  readonly binding: string;
  readonly tier: "mandatory" | "workload" | "namespace" | "default";
  readonly mode: "enforce" | "shadow";
  readonly fuel: number;
  /** What a fault of a limits entrypoint means; an authz fault always denies. */
  readonly onFault: "deny" | "allow";
};
