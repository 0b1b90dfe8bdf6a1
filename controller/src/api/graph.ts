/** What `GET /api/graph` and `GET /api/history` answer. Every time is milliseconds since the epoch, every rate requests a second. */

/** What two ends have agreed on for connections between them, and how often. */
export type AgreementBody = {
  /** `TLSv1.3` */
  readonly protocol: string;
  readonly cipher: string;
  /** Of the key exchange, `X25519MLKEM768`; "" where no end knows. */
  readonly group: string;
  /** By ALPN; "" where nothing was. */
  readonly spoken: string;
  readonly handshakes: number;
};

/** Node ids of both ends. */
export type LinkBody = AgreementBody & { readonly from: string; readonly to: string };

/** `GET /api/graph`, and each `graph` event of `GET /api/events`. */
export type GraphBody = {
  readonly nowMs: number;
  readonly requestsPerSecond: number;
  readonly refusedPerSecond: number;
  readonly nodes: readonly NodeBody[];
  readonly edges: readonly EdgeBody[];
};

export type NodeBody = {
  /** `name.namespace`; `outside` for callers that are not of the mesh. */
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly kind: "service" | "outside";
  readonly subsets: readonly string[];
  readonly workloads: readonly string[];
  /** `none`: a service without a sidecar; `stale`, `gone`: since lastWordMs. */
  readonly state: "ready" | "stale" | "gone" | "none";
  readonly lastWordMs?: number;
  readonly requestsPerSecond: number;
  /** 0 to 1; 1 where nothing was asked. */
  readonly success: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly policies: readonly BoundPolicyBody[];
  readonly endpoints: readonly EndpointBody[];
};

export type BoundPolicyBody = {
  readonly binding: string;
  readonly unit: string;
  readonly tier: string;
  readonly entrypoints: readonly string[];
};

export type EndpointBody = {
  readonly workload: string;
  readonly address: string;
  readonly port: number;
  readonly principal: string;
  readonly svidNotAfterMs?: number;
  readonly breaker: "closed" | "open" | "half-open";
};

export type EdgeBody = {
  readonly id: string;
  /** Node ids. */
  readonly from: string;
  readonly to: string;
  readonly mtls: boolean;
  /** `gone`: a proxy at its end has stopped reporting. */
  readonly state: "ready" | "stale" | "gone";
  readonly requestsPerSecond: number;
  /** 0 to 1. */
  readonly success: number;
  /** Verdicts of a policy. */
  readonly deniedPerSecond: number;
  readonly limitedPerSecond: number;
  readonly deniedTotal: number;
  /**
   * By the revision that decided, the newest few, newest first; counted since the controller knows its reporters.
   * Empty in events: `GET /api/history` has them.
   */
  readonly revisions: readonly EdgeRevisionBody[];
  readonly p50Ms?: number;
  readonly p99Ms?: number;
};

/** `GET /api/history?edge=ID`: too much for every second, for every edge. */
export type HistoryBody = {
  /** The edge's. */
  readonly id: string;
  /** The last ten minutes, oldest first, a point every five seconds. */
  readonly points: readonly HistoryPoint[];
  readonly revisions: readonly EdgeRevisionBody[];
  /** What its ends have agreed on, the most frequent first. */
  readonly agreements: readonly AgreementBody[];
};

export type EdgeRevisionBody = {
  readonly epoch: string;
  readonly sequence: number;
  readonly name: string;
  readonly requests: number;
  readonly failures: number;
  readonly denied: number;
  readonly limited: number;
};

export type HistoryPoint = {
  readonly atMs: number;
  readonly requestsPerSecond: number;
  readonly failuresPerSecond: number;
  readonly refusedPerSecond: number;
  readonly p99Ms?: number;
};
