/** What is done to a policy before it is emitted, in order; none changes a result. */
import { type CoreModule, codesOf } from "../core/module.ts";
import { countDepths } from "./call-depth.ts";
import { indexData } from "./data-index.ts";
import { threadExits } from "./exits.ts";
import { followControl } from "./flow.ts";
import { type InRuntime, weighFuel } from "./fuel.ts";
import { gatherComprehensions } from "./gather.ts";
import { inlineFunctions } from "./inline.ts";
import { projectInput } from "./input-slots.ts";
import { findLifetimes } from "./lifetimes.ts";
import { foldLiterals } from "./literals.ts";
import { openMemberships } from "./membership.ts";
import { keepAnswers } from "./memo.ts";
import { findProvenance } from "./provenance.ts";
import { indexRules } from "./rule-index.ts";
import { findValues } from "./values.ts";

export type Pass = { readonly name: string; readonly run: (module: CoreModule, inRuntime: InRuntime) => void };

export const PASSES = [
  // First: it knows rules by how planners lay them out.
  { name: "rule-index", run: (module) => indexRules(module) },
  // Before chains of keys below input are one op: its keys may be such.
  { name: "data-index", run: indexData },
  // Behind data-index: what an index of data answers needs no gathering.
  { name: "gather", run: gatherComprehensions },
  // Behind those that know what planners lay out.
  { name: "exits", run: threadExits },
  // Behind exits: what they leave over is reached by nothing.
  { name: "flow", run: followControl },
  // Behind flow, which has made them short.
  { name: "inline", run: inlineFunctions },
  { name: "input-slots", run: projectInput },
  // Behind all that makes ops.
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
] as const satisfies readonly Pass[];

/** Without these a policy might not end. */
type Needed = "call-depth" | "fuel";

export type PassName = Exclude<(typeof PASSES)[number]["name"], Needed>;

const NEEDED: readonly string[] = ["call-depth", "fuel"] satisfies readonly Needed[];

/** Those that can be left out, in order. */
export const PASS_NAMES = PASSES.map(({ name }) => name).filter((name): name is PassName => !NEEDED.includes(name));

/** Behind these, other ops call functions, mark rules or make collections; `data-index` and `inline` forget what they change. */
const CHANGE_SURVEYS: ReadonlySet<string> = new Set<PassName>(["rule-index", "gather", "exits", "flow"]);

/** `without` leaves passes out: to measure what they bring, and to check them. */
export function optimize(module: CoreModule, inRuntime: InRuntime, without: ReadonlySet<string> = new Set()): void {
  for (const { name, run } of PASSES) {
    if (without.has(name)) continue;
    run(module, inRuntime);
    if (CHANGE_SURVEYS.has(name)) for (const code of codesOf(module)) code.survey = undefined;
  }
}
