/** Proxies as status tells of them. Every time is milliseconds since the epoch, every rate requests a second. */

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
  /** Decisions beyond the budget that their rules' metadata say, since the process began. */
  readonly overBudget?: number;
  readonly refusedPerSecond: number;
  /** Loopback address of its admin interface. */
  readonly admin?: string;
  /** Its workload is no longer of the mesh, and yet it asks to be let in: it runs on with what it had. */
  readonly isOrphan?: boolean;
  /** A local process can go round it: its traffic is not captured by the kernel, as far as is known. */
  readonly isBypassable: boolean;
};
