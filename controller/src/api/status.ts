/** What `GET /api/status` answers. Every time is milliseconds since the epoch, every rate requests a second. */
import type { DiagnosticRecord } from "@regomesh/base";
import type { LinkBody } from "./graph.ts";
import type { ProxyBody } from "./proxies.ts";
import type { PinBody, ReleaseStageBody, RevisionBody } from "./releases.ts";
import type { SourceBody, SourceStateBody } from "./sources.ts";

/** `GET /api/status`. */
export type StatusBody = {
  readonly mesh: string;
  readonly trustDomain: string;
  readonly nowMs: number;
  /** The newest revision that was built; absent until there is one. */
  readonly revision?: RevisionBody;
  readonly proxies: readonly ProxyBody[];
  /** What is bound in shadow, and what it would have changed. */
  readonly shadows: readonly ShadowBody[];
  /** What the ends of edges have agreed on by mutual TLS, by edge. */
  readonly links?: readonly LinkBody[];
  readonly source: SourceBody;
  /** A revision that stays in force whatever sources hold, until it is lifted (`regomesh rollback --lift`). */
  readonly pin?: PinBody;
  /** For how long a proxy may be behind, and what it does from then on; absent where the mesh says nothing. */
  readonly staleness?: StalenessBody;
  /** How far the newest revision has come, while it waits for its canaries or is watched; absent otherwise. */
  readonly release?: ReleaseStageBody;
  /** All of them, the mesh's own first, each with what of it was refused. */
  readonly sources: readonly SourceStateBody[];
  /** What the build of the revision in force warned of. */
  readonly warnings: readonly DiagnosticRecord[];
  /** What is wrong with the controller's own machine, sources and streams, the oldest of each first; absent while nothing is. */
  readonly troubles?: readonly TroubleBody[];
  /** What policies of the revision in force did wrong in the last decisions, the newest first; absent where nothing. */
  readonly faults?: readonly PolicyFaultBody[];
};

/** A decision that a policy could not give: its requests met 503. */
export type PolicyFaultBody = {
  /** Whose proxy asked: `namespace/name`. */
  readonly workload: string;
  readonly entrypoint: string;
  /** `policy_type_error`, `policy_fuel_exhausted` … */
  readonly reason: string;
  /** What exactly was wrong: `limits[0].limit must be …`. */
  readonly detail: string;
  /** Of the last ones that are kept, how many. */
  readonly decisions: number;
  readonly lastMs: number;
};

/** A fault of the controller's machine, or of what it hears from: nothing that is in force ends by it. */
export type TroubleBody = {
  /**
   * `state`: what is to be kept is not; `authority`: a part of it is gone from the state folder; `source`: a remote
   * repository is away, or its branch was rewritten; `endpoints`: no proxy of a service is connected.
   */
  readonly about: "state" | "authority" | "source" | "endpoints";
  /** One sentence. */
  readonly message: string;
  readonly sinceMs: number;
};

/** A certificate that was taken back, or whatever a workload had been issued by then. */
export type RevocationBody = {
  /** As `regomesh` prints it: lower-case hex. */
  readonly serial?: string;
  /** `namespace/name` */
  readonly workload?: string;
  readonly atMs: number;
  /** No certificate that this is about lives longer. */
  readonly untilMs: number;
};

export type StalenessBody = { readonly maxMs: number; readonly onStale: "serve" | "deny" };

/** An entrypoint in shadow: each count is of decisions since the proxies' starts. */
export type ShadowBody = {
  readonly direction: "inbound" | "outbound";
  /** `namespace/name` */
  readonly binding: string;
  readonly unit: string;
  readonly entrypoint: string;
  readonly decisions: number;
  /** Decisions that it would have changed, and what they would have become. */
  readonly differences: number;
  readonly would: {
    readonly allow: number;
    readonly deny: number;
    readonly limit: number;
    readonly route: number;
    /** The policy gave no usable answer. */
    readonly break: number;
  };
};
