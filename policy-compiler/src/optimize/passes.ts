/** What is done to a plan before it is emitted, in order; none changes a result. */
import type { IrPolicy } from "../ir/policy.ts";
import { indexData } from "./data-index.ts";
import { projectInput } from "./input-slots.ts";
import { indexRules } from "./rule-index.ts";

export type Pass = { readonly name: string; readonly run: (policy: IrPolicy) => IrPolicy };

export const PASSES = [
  // First: it knows rules by how the planner lays them out.
  { name: "rule-index", run: (policy) => indexRules(policy) },
  // Before chains of keys below input are one statement: its keys may be such.
  { name: "data-index", run: indexData },
  { name: "input-slots", run: projectInput },
] as const satisfies readonly Pass[];

export type PassName = (typeof PASSES)[number]["name"];

/** `without` leaves passes out: to measure what they bring, and to check them. */
export function optimize(policy: IrPolicy, without: ReadonlySet<PassName> = new Set()): IrPolicy {
  return PASSES.reduce((passed, { name, run }) => (without.has(name) ? passed : run(passed)), policy);
}
