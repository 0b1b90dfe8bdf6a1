/** Which rules made a decision: those of the unit that decided, its entrypoint's own first. */
import type { PolicyDecision, RulePlace } from "@regomesh/policy-runtime";
import type { Decider } from "../../decide/authorize.ts";
import type { BoundRef } from "../../decide/bound-policy.ts";
import type { Explanation } from "./answer.ts";

/** The rule that a client is shown where the mesh explains its denials: a demo's, never production's. */
export function explain(
  decision: PolicyDecision | undefined,
  decider: Decider,
  refs: readonly BoundRef[],
): Explanation | undefined {
  if (decision === undefined) return undefined;
  const [rule] = rulesOf(decision, decider, refs);
  if (rule === undefined || rule.unit !== decider.unit) return { rule: pathOf(decider), place: "" };
  return { rule: rule.path, place: `${rule.file}:${rule.row}` };
}

/** The rules of these entrypoints that fired, as `path file:row:column`: those that made the decision. */
export function printRules(decision: PolicyDecision, decider: Decider, refs: readonly BoundRef[]): readonly string[] {
  return rulesOf(decision, decider, refs).map(({ path, file, row, column }) => `${path} ${file}:${row}:${column}`);
}

function rulesOf(decision: PolicyDecision, decider: Decider, refs: readonly BoundRef[]): readonly RulePlace[] {
  const mask = refs.reduce((bits, { bit }) => bits | (1 << bit), 0);
  const path = pathOf(decider);
  const rank = (rule: RulePlace): number => (rule.unit !== decider.unit ? 2 : rule.path === path ? 0 : 1);
  return [...decision.firedRules(mask)].sort((a, b) => rank(a) - rank(b));
}

/** `data.mesh.authz.allow`, of `mesh/authz/allow` or, with several units, `unit/mesh/authz/allow`. */
function pathOf({ entrypoint, unit }: Decider): string {
  const rule = entrypoint.startsWith(`${unit}/`) ? entrypoint.slice(unit.length + 1) : entrypoint;
  return `data.${rule.replaceAll("/", ".")}`;
}
