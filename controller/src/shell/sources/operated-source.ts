/** A source with what operators see of it and do with it: a git source, or the cluster. */
import type { Source } from "../../sources/source.ts";
import type { Repository } from "../git/refs.ts";
import type { SourcePlace } from "./followed-source.ts";

export interface OperatedSource extends Source {
  readonly place: SourcePlace;
  /** As people know it: `git main`. */
  readonly label: string;
  readonly isSuspended: boolean;
  /** Undefined where there is none, or it is not found. */
  readonly repository: Repository | undefined;
  /** Where a remote is mirrored; absent of all else. */
  readonly mirrorDir?: string | undefined;
  /** It is there and has nothing at all: something is to come. */
  readonly isEmpty: boolean;
  /** What keeps what is there from being read or taken, in one sentence. */
  readonly readTrouble: string | undefined;
  /** Fetches once, where there is something to fetch, and hands over what is new. */
  fetch(): Promise<void>;
  /** Nothing new is taken while it is suspended; what is in force stays. */
  suspend(isSuspended: boolean): void;
}
