/**
 * One stage of a rehearsal: what the policies of one workload, in one direction, say of a request.
 * The module, its bindings and the order in which they count are those of the workload's snapshot,
 * and so is the way in which it is asked; only the verdict is put together here, as the proxy does
 * it (proxy/src/decide), for controller and proxy share no code.
 */
import {
  type ConnectionContext,
  type Json,
  type LimitDecision,
  type PolicyDecision,
  RequestId,
  type RouteDecision,
  type RulePlace,
  toHeadTable,
} from "@regomesh/policy-runtime";
import type { BoundEntrypoint } from "@regomesh/protocol";
import type { MeshPlan } from "../build/build.ts";
import type { PolicyTools } from "../build/tools.ts";
import type { Direction } from "../snapshot/composition.ts";
import type { WorkloadPlan } from "../snapshot/outbound.ts";
import { destinationOf, type RehearsedRequest, toHead } from "./request.ts";

export type AskedEntrypoint = {
  readonly bound: BoundEntrypoint;
  /** As the binding names it, without its unit. */
  readonly entrypoint: string;
  readonly outcome: "defined" | "undefined" | "fault";
  /** The answer as JSON; of `defined` only. */
  readonly value: Json | undefined;
  /** What was wrong with it; of `fault` only. */
  readonly fault: string;
};

export type Stage = {
  readonly direction: Direction;
  readonly workload: WorkloadPlan;
  /** Limits are not counted: what passes here may be limited when it comes. */
  readonly verdict: "allowed" | "denied" | "broken";
  /** 200 where it may pass. */
  readonly status: number;
  readonly reason: string;
  readonly detail: string;
  /** Whose word it was; absent where nobody was asked. */
  readonly decider?: AskedEntrypoint;
  readonly asked: readonly AskedEntrypoint[];
  /** Rules that held, of all that was asked. */
  readonly fired: readonly RulePlace[];
  readonly limits: readonly LimitDecision[];
  readonly route: RouteDecision | undefined;
};

export type StageRequest = {
  readonly plan: MeshPlan;
  readonly workload: WorkloadPlan;
  readonly direction: Direction;
  readonly connection: ConnectionContext;
  readonly request: RehearsedRequest;
  readonly nowMs: number;
};

/** Any will do, as no two requests are rehearsed at a time. */
const REQUEST_ID = RequestId.of("rehearsal");
const DENIED = 403;
const BROKEN = 503;

export function rehearseStage(asked: StageRequest, tools: PolicyTools): Stage {
  const { plan, workload, direction, connection, request, nowMs } = asked;
  const ref = workload.policies[direction];
  const base = { direction, workload, asked: [], fired: [], limits: [], route: undefined };
  const module = plan.modules.find(({ hash }) => hash === ref?.module);
  if (ref === undefined) return { ...base, ...withoutPolicy(direction, workload) };
  if (module === undefined) return { ...base, ...broken("policy_missing", "the module is not there") };
  const policy = tools.open(module, destinationOf(workload));
  policy.setConnection(connection);
  const head = toHead(request);
  const refs = ref.entrypoints.map((bound) => ({
    bound,
    bit: policy.meta.entrypoints.findIndex(({ name }) => name === bound.name),
  }));
  const mask = refs.reduce((bits, { bit }) => bits | (1 << bit), 0);
  const decision = policy.decide(head, head.length, toHeadTable(head), mask, REQUEST_ID, nowMs);
  if (decision.badRequest) {
    const verdict = {
      verdict: "denied",
      status: 400,
      reason: "bad_query",
      detail: "the policy reads the query, which is malformed",
    } as const;
    return { ...base, ...verdict };
  }
  const all = refs.map(({ bound, bit }) => toAsked(decision, bound, bit));
  const enforced = all.filter(({ bound }) => bound.mode === "enforce");
  const limited = enforced.filter(({ bound }) => bound.kind === "limits");
  const routed = enforced
    .filter(({ bound }) => bound.kind === "route")
    .sort((a, b) => RANK[b.bound.tier] - RANK[a.bound.tier]);
  const bitOf = (each: AskedEntrypoint) => refs.find(({ bound }) => bound === each.bound)?.bit ?? 0;
  const verdict = authorize(enforced, decision, bitOf, withoutPolicy(direction, workload));
  const fault = [
    ...limited.filter(({ bound }) => bound.onFault === "deny"),
    ...routed.slice(0, firstAnswer(routed) + 1),
  ].find(({ outcome }) => outcome === "fault");
  const route = routed[firstAnswer(routed)];
  const routeOutcome = route === undefined ? undefined : decision.route(bitOf(route));
  return {
    ...base,
    asked: all,
    fired: decision.firedRules(mask),
    limits: limited.flatMap((each) => {
      const outcome = decision.limits(bitOf(each));
      return outcome.kind === "defined" ? outcome.value : [];
    }),
    route: routeOutcome?.kind === "defined" ? routeOutcome.value : undefined,
    ...(verdict.verdict === "allowed" && fault !== undefined
      ? { ...broken(fault.fault.split(":")[0] ?? "", fault.fault), decider: fault }
      : verdict),
  };
}

/** Most specific first. */
const RANK: Readonly<Record<BoundEntrypoint["tier"], number>> = { mandatory: 3, workload: 2, namespace: 1, default: 0 };

type Verdict = Pick<Stage, "verdict" | "status" | "reason" | "detail" | "decider">;

/** Every authorization must allow; `otherwise` where there is none. */
function authorize(
  enforced: readonly AskedEntrypoint[],
  decision: PolicyDecision,
  bitOf: (each: AskedEntrypoint) => number,
  otherwise: Verdict,
): Verdict {
  const authz = enforced.filter(({ bound }) => bound.kind === "authz");
  for (const each of authz) {
    const outcome = decision.authz(bitOf(each));
    if (outcome.kind === "fault") return { ...broken(outcome.fault, outcome.message), decider: each };
    if (outcome.kind === "undefined")
      return { verdict: "denied", status: DENIED, reason: "denied", detail: "", decider: each };
    if (!outcome.value.allowed) {
      return { verdict: "denied", status: outcome.value.httpStatus, reason: "denied", detail: "", decider: each };
    }
  }
  const last = authz.at(-1);
  return last === undefined ? otherwise : { ...ALLOWED, decider: last };
}

const ALLOWED = { verdict: "allowed", status: 200, reason: "", detail: "" } as const;

/** Who may come in is the receiver's decision; nothing needs to be bound to what goes out. */
function withoutPolicy(direction: Direction, { defaultVerdict }: WorkloadPlan): Verdict {
  if (direction === "outbound" || defaultVerdict === "allow") return ALLOWED;
  return {
    verdict: "denied",
    status: DENIED,
    reason: "default_deny",
    detail: "no unit is bound, and the mesh's default is to deny",
  };
}

function broken(reason: string, detail: string): Verdict {
  return { verdict: "broken", status: BROKEN, reason, detail };
}

function firstAnswer(routes: readonly AskedEntrypoint[]): number {
  return routes.findIndex(({ outcome }) => outcome !== "undefined");
}

function toAsked(decision: PolicyDecision, bound: BoundEntrypoint, bit: number): AskedEntrypoint {
  const typed =
    bound.kind === "authz" ? decision.authz(bit) : bound.kind === "route" ? decision.route(bit) : decision.limits(bit);
  const { unit, name } = bound;
  const entrypoint = name.startsWith(`${unit}/`) ? name.slice(unit.length + 1) : name;
  const whole = decision.value(bit);
  return {
    bound,
    entrypoint,
    outcome: typed.kind,
    value: whole.kind === "defined" ? whole.value : undefined,
    fault: typed.kind === "fault" ? `${typed.fault}: ${typed.message}` : "",
  };
}
