/** Holds what sidecars wrote against what was committed, and against what status said meanwhile. */
import { type AccessLine, allows } from "./expected.ts";
import type { Grants } from "./schedule.ts";
import { UNLISTED_MAX_MS, type Witness } from "./witness.ts";

/** Faults are named up to so many; all are counted. */
const FAULTS_SHOWN = 20;
/** Samples of status come after the line that they are about. */
const WAIT_MS = UNLISTED_MAX_MS + 1000;

type Waiting = { readonly workload: string; readonly line: AccessLine; readonly beganMs: number };

/** A commit that changes nothing is sent to nobody: what a revision grants is what there is to tell it by. */
export function contentOf(grants: ReadonlyMap<string, Grants>, revision: string): string {
  const granted = grants.get(revision);
  return granted === undefined ? revision : JSON.stringify(granted);
}

export class Judge {
  readonly #grants: ReadonlyMap<string, Grants>;
  readonly #witness: Witness;
  readonly #sinceMs: number;
  #waiting: Waiting[] = [];
  readonly faults: string[] = [];
  faultCount = 0;
  /** Why requests were not served, by the words of the records. */
  #reasons = new Map<string, number>();
  judged = 0;

  /** Lines that began before `sinceMs` are of revisions that nobody has written down. */
  constructor(grants: ReadonlyMap<string, Grants>, witness: Witness, sinceMs: number) {
    this.#grants = grants;
    this.#witness = witness;
    this.#sinceMs = sinceMs;
  }

  hear(workload: string, line: AccessLine): void {
    const beganMs = Date.parse(line.time) - line.durationMs;
    if (line.reason !== undefined && line.verdict === "broken") {
      const what = `${line.direction} ${line.reason} at ${workload}`;
      this.#reasons.set(what, (this.#reasons.get(what) ?? 0) + 1);
    }
    if (beganMs >= this.#sinceMs && line.revision !== "") this.#waiting.push({ workload, line, beganMs });
  }

  /** Judges what is old enough for status to have spoken of it. */
  judge(nowMs: number): void {
    const isOld = ({ beganMs }: Waiting) => beganMs + WAIT_MS <= nowMs;
    const old = this.#waiting.filter(isOld).sort((a, b) => a.beganMs - b.beganMs);
    for (const waiting of old) this.#judge(waiting);
    this.#waiting = this.#waiting.filter((waiting) => !isOld(waiting));
    this.#witness.forget(nowMs - 60_000);
  }

  /** Why, since the last call. */
  takeReasons(): ReadonlyMap<string, number> {
    const reasons = this.#reasons;
    this.#reasons = new Map();
    return reasons;
  }

  fault(message: string): void {
    this.faultCount++;
    if (this.faults.length < FAULTS_SHOWN) this.faults.push(message);
  }

  #judge({ workload, line, beganMs }: Waiting): void {
    const grants = this.#grants.get(line.revision);
    const about = `${workload} at ${line.time}: ${line.method} ${line.path} ${line.verdict}`;
    if (grants === undefined) {
      this.fault(`${about} by ${line.revision}, which cannot be in force`);
      return;
    }
    const isAllowed = allows(line, grants);
    if (isAllowed !== undefined) {
      this.judged++;
      if (isAllowed !== (line.verdict === "allowed")) {
        this.fault(`${about}, and revision ${line.revision} ${isAllowed ? "allows" : "denies"} it`);
      }
    }
    if (
      line.direction === "inbound" &&
      !this.#witness.isListed(workload, contentOf(this.#grants, line.revision), beganMs)
    ) {
      this.fault(`${about} by ${line.revision}, which status did not list for it`);
    }
  }
}
