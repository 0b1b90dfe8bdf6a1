/** What is asked and answered of one request. Every time is milliseconds since the epoch, every rate requests a second. */
import type { DecisionBody } from "./decisions.ts";

/** `POST /api/explain`, with the token: a request that nobody sends. */
export type ExplainRequest = {
  /** `[namespace/]name` of a workload, or `outside`. */
  readonly from: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
};

/** What a request meets, or met: each stage with every rule that held or failed. */
export type ExplainBody = {
  /** Name of the revision that was asked. */
  readonly revision: string;
  readonly from: string;
  readonly method: string;
  /** Masked. */
  readonly url: string;
  /** Of the mesh itself, where no policy decided: `no_such_service` …; "" otherwise. */
  readonly reason: string;
  readonly detail: string;
  /** As the sender's policy gives it, as JSON; absent where none is bound or none answered. */
  readonly route?: unknown;
  /** The sender's; absent for a caller from outside. */
  readonly outbound?: StageBody;
  readonly targets: readonly {
    readonly service: string;
    readonly subset: string;
    readonly weight: number;
    readonly stages: readonly StageBody[];
  }[];
};

/** `GET /api/explain/ID`, with the token: the decision as it was, and its policies asked again. */
export type ExplainedBody = {
  readonly decision: DecisionBody;
  /** Fields of the request, masked by the proxy that saw it. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Absent where it cannot be asked again; then `unasked` says why. */
  readonly stage?: StageBody;
  readonly unasked: string;
};

export type StageBody = {
  readonly direction: "inbound" | "outbound";
  /** `namespace/name` */
  readonly workload: string;
  /** Limits are not counted. */
  readonly verdict: "allowed" | "denied" | "broken";
  readonly status: number;
  readonly reason: string;
  readonly detail: string;
  readonly limits: readonly { readonly key: string; readonly limit: number; readonly windowMs: number }[];
  readonly asked: readonly AskedBody[];
};

export type AskedBody = {
  readonly binding: string;
  readonly unit: string;
  readonly tier: string;
  readonly kind: "authz" | "route" | "limits";
  readonly mode: "enforce" | "shadow";
  readonly entrypoint: string;
  /** Its word was the verdict. */
  readonly decided: boolean;
  readonly outcome: "defined" | "undefined" | "fault";
  readonly value?: unknown;
  readonly fault: string;
  readonly rules: readonly RuleOutcomeBody[];
};

export type RuleOutcomeBody = {
  readonly path: string;
  readonly kind: "fired" | "failed";
  readonly isDefault: boolean;
  readonly lines: LinesBody;
  readonly failure?: {
    readonly row: number;
    readonly text: string;
    readonly isNegated: boolean;
    /** `value` is JSON, cut where it is long, masked where it is a secret; absent is undefined. */
    readonly values: readonly { readonly text: string; readonly value?: string }[];
  };
  /** What it read of the unit's data. */
  readonly data: readonly (LinesBody & { readonly path: string })[];
};

/** Lines of a file of the revision, and the newest commit that changed one of them. */
export type LinesBody = {
  readonly file: string;
  readonly row: number;
  readonly endRow: number;
  readonly commit?: { readonly hash: string; readonly author: string; readonly subject: string };
};
