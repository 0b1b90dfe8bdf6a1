/**
 * The last decisions of a thread, for the page and for reports: every refusal up to a
 * bound in an interval, those that a shadow would have changed, and a few of the others that
 * passed. Refused ones come first; the rest is counted. Intervals end by time alone: where
 * nobody takes decisions away, the newest stay.
 */
import type { DecisionReport } from "@regomesh/protocol";

/** A refusal a millisecond is no longer read by anyone. */
const REFUSED_MAX = 200;
const ALLOWED_MAX = 20;
/** That passed, and would not have by a binding in shadow, or otherwise. */
const DIFFERING_MAX = 50;
const RECENT_MAX = 256;
/** As often as a controller is told. */
export const INTERVAL_MS = 300;

export class DecisionRing {
  #refused: DecisionReport[] = [];
  #allowed: DecisionReport[] = [];
  #differing: DecisionReport[] = [];
  #dropped = 0;
  readonly #recent: DecisionReport[] = [];
  /** Kept in this interval. */
  #refusedNow = 0;
  #allowedNow = 0;
  #differingNow = 0;
  readonly #onBegun: () => void;

  /** `onBegun` is told at the first decision of an interval: `renew` ends it. */
  constructor(onBegun: () => void) {
    this.#onBegun = onBegun;
  }

  /** Whether a decision that passed would still be kept in this interval: ask before making the record. */
  get wantsAllowed(): boolean {
    return this.#allowedNow < ALLOWED_MAX;
  }

  get wantsRefused(): boolean {
    return this.#refusedNow < REFUSED_MAX;
  }

  get wantsDiffering(): boolean {
    return this.#differingNow < DIFFERING_MAX;
  }

  add(report: DecisionReport): void {
    if (this.#refusedNow + this.#allowedNow + this.#differingNow === 0) this.#onBegun();
    if (report.verdict !== "allowed") {
      this.#refusedNow++;
      this.#keep(this.#refused, report, REFUSED_MAX);
    } else if (report.shadows.length > 0 && this.wantsDiffering) {
      this.#differingNow++;
      this.#keep(this.#differing, report, DIFFERING_MAX);
    } else {
      this.#allowedNow++;
      this.#keep(this.#allowed, report, ALLOWED_MAX);
    }
    this.#recent.push(report);
    if (this.#recent.length > RECENT_MAX) this.#recent.shift();
  }

  /** The interval is over. */
  renew(): void {
    this.#refusedNow = 0;
    this.#allowedNow = 0;
    this.#differingNow = 0;
  }

  #keep(list: DecisionReport[], report: DecisionReport, max: number): void {
    list.push(report);
    if (list.length <= max) return;
    list.shift();
    this.#dropped++;
  }

  drop(): void {
    this.#dropped++;
  }

  /** What came since it was asked last, refused first. */
  take(): { readonly decisions: readonly DecisionReport[]; readonly dropped: number } {
    const decisions = [...this.#refused, ...this.#differing, ...this.#allowed];
    const dropped = this.#dropped;
    this.#refused = [];
    this.#allowed = [];
    this.#differing = [];
    this.#dropped = 0;
    return { decisions, dropped };
  }

  /** Newest first. */
  recent(): readonly DecisionReport[] {
    return [...this.#recent].reverse();
  }
}
