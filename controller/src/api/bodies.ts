/**
 * What the controller's HTTP API answers: the contract with page and command line.
 * Every time is milliseconds since the epoch, every rate requests a second.
 */
import type { DiagnosticRecord } from "@regomesh/base";

/** `GET /api/status`. */
export type StatusBody = {
  readonly mesh: string;
  readonly trustDomain: string;
  readonly nowMs: number;
  /** The newest revision that was built; absent until there is one. */
  readonly revision?: RevisionBody;
  /** The last commit that was refused, while it is newer than the revision. */
  readonly refused?: RefusedBody;
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
  /** All of them, the mesh's own first. */
  readonly sources: readonly SourceStateBody[];
  /** What the build of the revision in force warned of. */
  readonly warnings: readonly DiagnosticRecord[];
  /** What is wrong with the controller's own machine, the oldest first; absent while nothing is. */
  readonly troubles?: readonly TroubleBody[];
  /** What policies of the revision in force did wrong in the last decisions, the newest first; absent where nothing. */
  readonly faults?: readonly PolicyFaultBody[];
};

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

/** A fault of the controller's machine: nothing that is in force ends by it. */
export type TroubleBody = {
  /**
   * `state`: what is to be kept is not; `authority`: a part of it is gone from the state folder; `source`: a remote
   * repository is away, or its branch was rewritten.
   */
  readonly about: "state" | "authority" | "source";
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

/** Where revisions come from. */
export type SourceBody = {
  /** `git main` */
  readonly name: string;
  /** What keeps it from being read, in one sentence; absent while all is well. */
  readonly trouble?: string;
  /** Which paths may speak for which namespaces (`--allow`); empty: every path for every namespace. */
  readonly allow: readonly { readonly path: string; readonly namespaces: readonly string[] }[];
};

export type StalenessBody = { readonly maxMs: number; readonly onStale: "serve" | "deny" };

export type ReleaseStageBody = {
  /** `canary`: only they have it, and everybody else what was proven · `everyone`: it is given to all. */
  readonly stage: "canary" | "everyone";
  readonly sinceMs: number;
  /** Connected proxies that shall have it in this stage, and those that do. */
  readonly proxies: number;
  readonly taken: number;
  /** Until when it is watched; absent while somebody has not answered yet. */
  readonly bakedAtMs?: number;
  /** When it is taken back, unless the canaries have it by then. */
  readonly deadlineMs?: number;
};

export type PinBody = { readonly revision: string; readonly subject: string; readonly sinceMs: number };

/** A source: where it is, and what became of what it holds. */
export type SourceStateBody = {
  /** `root`, or its name. */
  readonly name: string;
  /** `git main` */
  readonly label: string;
  /** A directory or an address. */
  readonly url: string;
  /** `branch main`, `tag v1`, `commit 1f3c9a2b7d40` */
  readonly follows: string;
  /** The directory of it that is read; "" for all. */
  readonly path: string;
  /** Namespaces that it may speak for; of the mesh's own source by `allow`, and empty here. */
  readonly namespaces: readonly string[];
  /** Whose signature a commit or tag must have: how many keys; 0 where none is asked for. */
  readonly keys: number;
  /** Nothing new is taken: by the operator (`regomesh source suspend`), or by its PolicySource. */
  readonly suspended?: "operator" | "resource";
  readonly inForce?: InputBody;
  /** What was read last, where something else is in force. */
  readonly newest?: InputBody;
  /** Why that is not in force. */
  readonly refused?: RefusedBody;
  /** Resources in force. */
  readonly resources: number;
  readonly troubles: readonly SourceTroubleBody[];
};

export type SourceTroubleBody = {
  /** `unreachable`, `credentials`, `host-key`, `no-branch`, `rewritten`, `unverified`, `limit`, `unreadable`. */
  readonly reason: string;
  readonly message: string;
  readonly sinceMs: number;
};

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

export type RevisionBody = {
  /** The commit's hash; of several sources a digest of theirs. */
  readonly name: string;
  /** Under which proxies have it: an earlier one, where what came since changes nothing of what they have. */
  readonly sent: string;
  readonly sequence: number;
  /** Where the newest of its commits is from: `git main`. The next four are of that commit. */
  readonly source: string;
  readonly subject: string;
  readonly author: string;
  readonly committedAtMs: number;
  /** What it is made of: of each source a commit. */
  readonly inputs: readonly InputBody[];
  readonly builtAtMs: number;
  /** Connected proxies that have ACKed it, and all that should. */
  readonly enforced: number;
  readonly proxies: number;
  /** Milliseconds from sent to ACK, over the proxies. */
  readonly ackP99Ms?: number;
  /** Milliseconds from the end of the build to in force, over the proxies that were sent it. */
  readonly effectP50Ms?: number;
  readonly effectP99Ms?: number;
};

/** A source, and the commit of it that is in force. */
export type InputBody = {
  /** `root`, or the source's name. */
  readonly source: string;
  /** `git main` */
  readonly label: string;
  /** The directory of it; "" for all. */
  readonly path: string;
  readonly id: string;
  readonly subject: string;
  readonly author: string;
  readonly committedAtMs: number;
};

export type RefusedBody = {
  /** Whose commit it is: `root`, or the source's name. */
  readonly source: string;
  readonly commit: string;
  readonly subject: string;
  readonly atMs: number;
  readonly diagnostics: readonly DiagnosticRecord[];
  readonly failedTests: readonly FailedTestBody[];
  /** The proxies that refused the release; empty where it was refused before any proxy was sent it. */
  readonly refusals: readonly ProxyRefusalBody[];
  /** Proxies had it, or were to have it, when it was held. */
  readonly isTakenBack?: boolean;
  /** The commit's resources that are at fault; the others are held with it, though nothing is wrong with them. */
  readonly verdicts: readonly VerdictBody[];
  /** How many resources the commit holds. */
  readonly resources: number;
};

/** A resource that is at fault. */
export type VerdictBody = {
  readonly source: string;
  readonly kind: string;
  /** "" of a kind that has none. */
  readonly namespace: string;
  readonly name: string;
  readonly file: string;
  readonly row: number;
  /** Code of its first fault. */
  readonly reason: string;
  /** `file:row:column: code: message` */
  readonly message: string;
};

/** A proxy that has refused a release, and why. */
export type ProxyRefusalBody = {
  readonly workload: string;
  readonly namespace: string;
  readonly instance: string;
  /** Of the protocol's closed list. */
  readonly reason: string;
  /** `code: message`, behind the place where that is known. */
  readonly problems: readonly string[];
};

export type FailedTestBody = {
  readonly name: string;
  readonly file: string;
  readonly row: number;
  readonly message: string;
};

/** What a proxy refuses at this moment. */
export type RefusalBody = {
  /** `content`: the snapshot is wrong; `local`: its machine cannot take it now, and it tries again. */
  readonly class: "content" | "local";
  readonly reason: string;
  readonly problems: readonly string[];
  /** What it refuses: name and number of the revision. */
  readonly revision: string;
  readonly sequence: number;
  readonly atMs: number;
  readonly attempts: number;
};

/** A row for each proxy; a workload that never had one has one row, in state `never`. */
export type ProxyBody = {
  readonly workload: string;
  readonly namespace: string;
  readonly service: string;
  readonly principal: string;
  /** The process; absent where there never was one. */
  readonly instance?: string;
  readonly state: "ready" | "stale" | "gone" | "never";
  readonly lastWordMs?: number;
  /** Name and number of the revision that it enforces. */
  readonly revision?: string;
  readonly sequence?: number;
  readonly refusal?: RefusalBody;
  /** What its version cannot do and the newest revision needs: it is not given that, and enforces what it has. */
  readonly withheld?: readonly string[];
  /** It has the newest revision before others, or shall have it. */
  readonly isCanary?: boolean;
  /** What its machine does not do for it, such as a full disk; it serves all the same. */
  readonly troubles?: readonly string[];
  readonly svidNotAfterMs?: number;
  readonly policyP50Ns?: number;
  readonly policyP99Ns?: number;
  readonly refusedPerSecond: number;
  /** Loopback address of its admin interface. */
  readonly admin?: string;
  /** Its workload is no longer of the mesh, and yet it asks to be let in: it runs on with what it had. */
  readonly isOrphan?: boolean;
  /** A local process can go round it: its traffic is not captured by the kernel, as far as is known. */
  readonly isBypassable: boolean;
};

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

/** `GET /api/decisions?limit=&verdict=&q=&workload=&after=`, and each `decisions` event: newest first. */
export type DecisionsBody = {
  readonly decisions: readonly DecisionBody[];
  /** Decisions made but not kept (sampled away), since the start. */
  readonly dropped: number;
  /** Of the newest decision that there is: with `after=` it, whoever follows gets what came since. */
  readonly version: number;
};

/** `GET /api/resources?kind=&namespace=&name=`, with the token: what the revision in force is made of. */
export type ResourcesBody = { readonly revision: string; readonly resources: readonly ResourceBody[] };

/** A resource as it is written in the source: what it does not say is the kind's default. */
export type ResourceBody = {
  readonly kind: string;
  /** "" of a kind that has none. */
  readonly namespace: string;
  readonly name: string;
  readonly file: string;
  readonly row: number;
  /** The whole document. */
  readonly document: unknown;
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

/** A join token as operators see it; the token itself is given once, where it is made. */
export type TokenBody = {
  readonly id: string;
  readonly spiffeId: string;
  /** `namespace/name` */
  readonly workload: string;
  readonly expiresAtMs: number;
  /** How many keys may use it, and how many have. */
  readonly uses: number;
  readonly used: number;
};

export type IdentitiesBody = {
  readonly trustDomain: string;
  /** sha256 of the root's certificate, as openssl prints it. */
  readonly rootFingerprint: string;
  readonly rootNotAfterMs: number;
  readonly svidTtlMs: number;
  /** Of the proxies that are connected, by the certificate that they have shown. */
  readonly proxies: readonly {
    readonly namespace: string;
    readonly workload: string;
    readonly instance: string;
    readonly spiffeId: string;
    readonly serial: string;
    readonly notBeforeMs: number;
    readonly notAfterMs: number;
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
