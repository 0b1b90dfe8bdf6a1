/**
 * A loaded policy as the proxy sees it. One instance serves one thread; a decision
 * is read out before the next `decide` (its storage is reused, nothing is allocated).
 */

import type { ConnectionContext } from "./connection.ts";
import type { AuthzDecision, LimitDecision, Outcome, RouteDecision } from "./decision/decision.ts";
import type { Json } from "./json.ts";
import type { HeadTable } from "./layout/head-table.ts";
import type { RequestId } from "./layout/request-id.ts";
import type { ModuleMeta, RulePlace } from "./module-meta.ts";
import { CAPABILITIES } from "./role/capabilities.ts";

export type PolicyLimits = {
  /** Units of fuel, about a nanosecond each, that an entrypoint may take in one evaluation. */
  readonly fuel: number;
  /** Bytes of the module's memory, data included. */
  readonly memoryBytesMax: number;
};

/** For whoever runs a module without saying more; memory as fuel: refuses nothing realistic, stops what runs away. */
export const DEFAULT_LIMITS: PolicyLimits = { fuel: CAPABILITIES.cli.fuel, memoryBytesMax: 64 * 1024 * 1024 };

export interface Policy {
  readonly meta: ModuleMeta;
  /** Documents that the module has read as JSON text since it was opened: its data and destination, and for a request none. */
  readonly jsonParses: number;
  /** Bytes of the module's memory. */
  readonly memoryBytes: number;
  /** The facts of a connection, copied into the module; hold for the following decisions until set again. */
  setConnection(context: ConnectionContext): void;
  /**
   * Asks the entrypoints of `mask` (bit = index in meta.entrypoints) about one request head,
   * `head[0, length)`: exactly the bytes that go upstream, with the table of their spans.
   * Returns the reused decision.
   */
  decide(
    head: Uint8Array,
    length: number,
    table: HeadTable,
    mask: number,
    requestId: RequestId,
    nowMs: number,
  ): PolicyDecision;
}

/** The outcome of one `decide`; valid until the next one. */
export interface PolicyDecision {
  /** The policy reads the query and it is malformed: answer 400, ask nobody. */
  readonly badRequest: boolean;
  authz(entrypoint: number): Outcome<AuthzDecision>;
  route(entrypoint: number): Outcome<RouteDecision>;
  limits(entrypoint: number): Outcome<readonly LimitDecision[]>;
  /** The answer as JSON (sets are arrays), whatever its shape: for explanations and tests. */
  value(entrypoint: number): Outcome<Json>;
  /**
   * Rules that fired: that held and gave a value. Of all entrypoints asked, or of those in `mask`.
   * Allocates: only for records that are kept.
   */
  firedRules(mask?: number): readonly RulePlace[];
  /** Built-in errors met (each made its expression undefined). */
  readonly builtinErrors: number;
  readonly fuelUsed: number;
  /** How many of the entrypoints asked took more than the budget that their rules' metadata say. */
  readonly overBudget: number;
}
