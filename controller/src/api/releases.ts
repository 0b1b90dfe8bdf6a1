/** Revisions as status tells of them: what they are made of, how far they are, why one was refused. Every time is milliseconds since the epoch, every rate requests a second. */
import type { DiagnosticRecord } from "@regomesh/base";
import type { ProxyRefusalBody } from "./proxies.ts";

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
  /** `file`, with its name, of one that could not be read far enough to say what it holds. */
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

export type FailedTestBody = {
  readonly name: string;
  readonly file: string;
  readonly row: number;
  readonly message: string;
};
