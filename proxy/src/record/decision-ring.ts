/**
 * The last decisions of a thread, for the page and for reports: every refusal up to a
 * bound, and a few of those that passed. Refused ones come first; the rest is counted.
 */
import type { DecisionReport } from "@regomesh/protocol";

/** A refusal a millisecond is no longer read by anyone. */
const REFUSED_MAX = 200;
const ALLOWED_MAX = 20;
const RECENT_MAX = 256;

export class DecisionRing {
  #refused: DecisionReport[] = [];
  #allowed: DecisionReport[] = [];
  #dropped = 0;
  readonly #recent: DecisionReport[] = [];

  /** Whether a decision that passed would still be kept in this interval: ask before making the record. */
  get wantsAllowed(): boolean {
    return this.#allowed.length < ALLOWED_MAX;
  }

  get wantsRefused(): boolean {
    return this.#refused.length < REFUSED_MAX;
  }

  add(report: DecisionReport): void {
    if (report.verdict === "allowed") this.#allowed.push(report);
    else this.#refused.push(report);
    this.#recent.push(report);
    if (this.#recent.length > RECENT_MAX) this.#recent.shift();
  }

  drop(): void {
    this.#dropped++;
  }

  /** What came since it was asked last, refused first; begins a new interval. */
  take(): { readonly decisions: readonly DecisionReport[]; readonly dropped: number } {
    const decisions = [...this.#refused, ...this.#allowed];
    const dropped = this.#dropped;
    this.#refused = [];
    this.#allowed = [];
    this.#dropped = 0;
    return { decisions, dropped };
  }

  /** Newest first. */
  recent(): readonly DecisionReport[] {
    return [...this.#recent].reverse();
  }
}
