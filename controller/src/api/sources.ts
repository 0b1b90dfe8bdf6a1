/** Where revisions come from, as status tells of it. Every time is milliseconds since the epoch, every rate requests a second. */
import type { InputBody, RefusedBody } from "./releases.ts";

/** Where revisions come from. */
export type SourceBody = {
  /** `git main` */
  readonly name: string;
  /** What keeps it from being read, in one sentence; absent while all is well. */
  readonly trouble?: string;
  /** Which paths may speak for which namespaces (`--allow`); empty: every path for every namespace. */
  readonly allow: readonly { readonly path: string; readonly namespaces: readonly string[] }[];
};

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
  /** Resources in force; absent where a controller that started anew has counted none yet. */
  readonly resources?: number;
  readonly troubles: readonly SourceTroubleBody[];
};

/** Of sources the first whose newest is not in force, and why: that of the mesh's own goes before others'. */
export function refusedOf({
  sources,
}: {
  readonly sources: readonly Pick<SourceStateBody, "refused">[];
}): RefusedBody | undefined {
  return sources.find(({ refused }) => refused !== undefined)?.refused;
}

export type SourceTroubleBody = {
  /** `unreachable`, `credentials`, `host-key`, `no-branch`, `rewritten`, `unverified`, `limit`, `unreadable`. */
  readonly reason: string;
  readonly message: string;
  readonly sinceMs: number;
};
