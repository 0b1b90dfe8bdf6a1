/** What `GET /api/decisions` answers. Every time is milliseconds since the epoch, every rate requests a second. */

/** `GET /api/decisions?limit=&verdict=&q=&workload=&namespace=&after=&before=`, and each `decisions` event: newest first. */
export type DecisionsBody = {
  readonly decisions: readonly DecisionBody[];
  /** Decisions made but not kept (sampled away), since the start. */
  readonly dropped: number;
  /** Of the newest decision that there is: with `after=` it, whoever follows gets what came since. */
  readonly version: number;
};

/** `GET /api/decisions/ID`: as in the list, with the rules' source. */
export type DecisionBody = {
  readonly id: string;
  readonly timeMs: number;
  readonly direction: "inbound" | "outbound";
  readonly verdict: "allowed" | "denied" | "limited" | "broken";
  readonly status: number;
  readonly reason: string;
  readonly method: string;
  readonly path: string;
  /** The workload, `namespace/name`, whose proxy decided: what its certificate proves. */
  readonly reporter: string;
  readonly source: string;
  readonly service: string;
  readonly workload: string;
  readonly entrypoint: string;
  /** Name of the revision that decided, and its number; "" and 0 where there was none yet. */
  readonly revision: string;
  readonly sequence: number;
  readonly requestId: string;
  /** `address:port` that was tried last, and how often any was; "" and 0 where the request did not go on. */
  readonly endpoint: string;
  readonly tries: number;
  readonly durationMs: number;
  readonly policyNs: number;
  readonly builtinErrors: number;
  /** Of what is bound in shadow, that which would have changed this decision. */
  readonly shadows: readonly ShadowDifferenceBody[];
  /** What exactly was wrong, where there is a reason: `limits[0].limit must be …`. */
  readonly detail: string;
  readonly rules: readonly RuleBody[];
};

export type ShadowDifferenceBody = {
  readonly binding: string;
  readonly entrypoint: string;
  /** What the request would have met: `allow`, `deny`, `limit`, `route`, `break`. */
  readonly would: string;
};

export type RuleBody = {
  readonly path: string;
  readonly file: string;
  readonly row: number;
  /** Lines around the rule in the revision that decided, and who wrote that line. */
  readonly excerpt?: readonly { readonly row: number; readonly text: string }[];
  readonly commit?: { readonly hash: string; readonly author: string; readonly subject: string };
};
