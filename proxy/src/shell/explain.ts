/** The rule that a client is shown where the mesh explains its denials: a demo's, never production's. */
import type { PolicyDecision } from "@regomesh/policy-runtime";
import type { Explanation } from "./answer.ts";

/** The fired rule of the entrypoint itself, otherwise the first that fired, otherwise the entrypoint's name. */
export function explain(decision: PolicyDecision | undefined, entrypoint: string): Explanation | undefined {
  if (decision === undefined) return undefined;
  const path = `data.${entrypoint.split("/").slice(-3).join(".")}`;
  const fired = decision.firedRules();
  const rule = fired.find((place) => place.path === path) ?? fired[0];
  return rule === undefined ? { rule: path, place: "" } : { rule: rule.path, place: `${rule.file}:${rule.row}` };
}
