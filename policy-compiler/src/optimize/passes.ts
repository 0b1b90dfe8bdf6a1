/** What is done to a policy before it is emitted, in order; none changes a result. */
import type { CoreModule } from "../core/module.ts";
import type { IrPolicy } from "../ir/policy.ts";
import { countDepths } from "./call-depth.ts";
import { indexData } from "./data-index.ts";
import { type InRuntime, weighFuel } from "./fuel.ts";
import { projectInput } from "./input-slots.ts";
import { findLifetimes } from "./lifetimes.ts";
import { foldLiterals } from "./literals.ts";
import { openMemberships } from "./membership.ts";
import { keepAnswers } from "./memo.ts";
import { findProvenance } from "./provenance.ts";
import { indexRules } from "./rule-index.ts";
import { findValues } from "./values.ts";

export type Pass = { readonly name: string; readonly run: (policy: IrPolicy) => IrPolicy };

export const PASSES = [
  // First: it knows rules by how the planner lays them out.
  { name: "rule-index", run: (policy) => indexRules(policy) },
  // Before chains of keys below input are one statement: its keys may be such.
  { name: "data-index", run: indexData },
  { name: "input-slots", run: projectInput },
] as const satisfies readonly Pass[];

export type CorePass = { readonly name: string; readonly run: (module: CoreModule, inRuntime: InRuntime) => void };

export const CORE_PASSES = [
  { name: "values", run: findValues },
  // Before membership tests are opened: what is looked for in a collection is worth a look-up.
  { name: "provenance", run: findProvenance },
  { name: "membership", run: openMemberships },
  { name: "literals", run: foldLiterals },
  // Behind all that leaves ops out.
  { name: "lifetimes", run: findLifetimes },
  { name: "memo", run: keepAnswers },
  { name: "call-depth", run: countDepths },
  { name: "fuel", run: weighFuel },
] as const satisfies readonly CorePass[];

/** What answers would be wrong without, or would not end. */
const NEEDED = ["call-depth", "fuel"] as const;

export type PassName = Exclude<
  (typeof PASSES)[number]["name"] | (typeof CORE_PASSES)[number]["name"],
  (typeof NEEDED)[number]
>;

/** `without` leaves passes out: to measure what they bring, and to check them. */
export function optimize(policy: IrPolicy, without: ReadonlySet<PassName> = new Set()): IrPolicy {
  return PASSES.reduce((passed, { name, run }) => (without.has(name) ? passed : run(passed)), policy);
}

export function optimizeCore(module: CoreModule, inRuntime: InRuntime, without: ReadonlySet<string> = new Set()): void {
  for (const { name, run } of CORE_PASSES) if (!without.has(name)) run(module, inRuntime);
}
