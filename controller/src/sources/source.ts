/**
 * Where revisions come from. A source (a git repository, a cluster) emits its content at one
 * revision, whole; several are merged, and each keeps its own last good, so that what is wrong in
 * one refuses that one alone. What became of each resource is told back to its source.
 *
 * Rights are not the source's own word: which namespaces it may speak for is the operator's.
 */
import type { SourceTree } from "../build/source-tree.ts";

/** The source that is the mesh's own: it alone holds settings, sources and what is mandatory. */
export const ROOT_SOURCE = "root";

/** One state of a source, as people know it. */
export type SourceRevision = {
  /** Of the same content always the same: a commit's hash, a cluster's digest of generations. */
  readonly id: string;
  readonly subject: string;
  readonly author: string;
  readonly committedAtMs: number;
};

/** What a revision was made of: a source, and where it was. */
export type Input = SourceRevision & {
  readonly source: string;
  /** As people know it: `git main`. */
  readonly label: string;
  /** The directory of it that was read; "" for all. */
  readonly path: string;
};

/**
 * What a source holds at one revision: texts by name, from which resources and units are read
 * (`build/source-tree.ts`). A cluster's objects are texts too, named `KIND/NAMESPACE/NAME`, so that
 * a diagnostic's file says which object it is of.
 */
export type SourceContent = SourceTree & {
  readonly source: string;
  /** As people know it: `git main`. */
  readonly label: string;
  readonly revision: SourceRevision;
  /** As what its PolicySource had it read (`read-as.ts`); absent of others. */
  readonly readAs?: string;
  /** The directory that is the source, where this revision has none of that name. */
  readonly pathMissing?: string;
  /** What is gone was taken away on purpose, piece by piece: nobody is asked about a loss. */
  readonly isMeant?: boolean;
  /** What people have written since an earlier revision: an operator's word may stand there. */
  readonly messagesSince?: (revision: string | undefined) => Promise<string>;
};

/** Why a source is not what it should be, and since when. It serves its last good meanwhile. */
export type SourceTrouble = { readonly reason: TroubleReason; readonly message: string; readonly sinceMs: number };

/**
 * `unreachable`: the remote does not answer · `credentials`: it wants others · `host-key`: it is another
 * host than is known · `no-branch`: what is followed is not there · `rewritten`: the branch was forced
 * (a warning: the new history is read) · `unverified`: the commit is signed by nobody whose key is given ·
 * `limit`: it is larger than is read · `unreadable`: everything else.
 */
export type TroubleReason =
  | "unreachable"
  | "credentials"
  | "host-key"
  | "no-branch"
  | "rewritten"
  | "unverified"
  | "limit"
  | "unreadable";

/** Of a resource that is at fault. */
export type Verdict = {
  /** Whose it is. */
  readonly source: string;
  /** `file`, with its name, of one that could not be read far enough to say what it holds. */
  readonly kind: string;
  /** "" of a kind that has none. */
  readonly namespace: string;
  readonly name: string;
  /** As diagnostics name it. */
  readonly file: string;
  readonly row: number;
  /** Code of its first fault. */
  readonly reason: string;
  /** `file:row:column: code: message` */
  readonly message: string;
};

/** What became of a revision of a source: what is not among the refused is accepted, or held with them. */
export type SourceVerdict = {
  readonly revision: SourceRevision;
  readonly isAccepted: boolean;
  /** It was accepted, and proxies have shown it to be wrong. */
  readonly isTakenBack?: boolean;
  /** Of what was taken back the files that what is in force in its place has not, or has otherwise. */
  readonly changed?: readonly string[];
  /** Namespaces of the workloads whose proxies refuse what was taken back; none where it is told by no single one. */
  readonly refusedIn?: readonly string[];
  /** Why it was not accepted, in one sentence. */
  readonly reason?: string;
  readonly refused: readonly Verdict[];
};

/**
 * A source while it is followed. Level-based: only its newest content counts, what came between is
 * never made up for. `start` gives the first content as soon as all of it is there (a cluster's
 * initial sync), and each later one; whoever is handed one and throws is handed it again.
 */
export interface Source {
  readonly name: string;
  readonly troubles: readonly SourceTrouble[];
  /** Reads what is there now, and hands it over if it is new; false where it failed and is better left for a while. */
  look(): Promise<boolean>;
  start(): void;
  /** Looks at once: somebody has said that there is something new. */
  wake(): void;
  /** The newest content is handed over once more, though it was seen. */
  again(): void;
  /** What became of what it handed over; a cluster writes conditions of it, git a commit status. */
  tell?(verdict: SourceVerdict): void;
  close(): Promise<void>;
}
