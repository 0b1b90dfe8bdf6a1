/** What is done to a policy before it is emitted, in order; none changes a result. */
import { type CoreModule, codesOf, type EachCode } from "../core/module.ts";
import type { CoreCode } from "../core/op.ts";
import { newUses, type Uses } from "../core/uses.ts";
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

/** `run` is for all functions at once, `begin` for one at a time. Which ops call, mark and make is forgotten by what changes it (core/survey.ts). */
export type Pass = { readonly name: string } & (
  | { readonly run: (module: CoreModule, inRuntime: InRuntime) => void }
  | {
      readonly begin: (module: CoreModule, inRuntime: InRuntime) => EachCode;
      /** It needs what those before it find of all functions. */
      readonly waits?: true;
    }
);

/** Passes that ask what ops read and write do it with the same rows in all functions. */
const each = (run: (code: CoreCode, uses: Uses) => void) => (): EachCode => {
  const uses = newUses();
  return { each: (code) => run(code, uses) };
};

export const PASSES = [
  // First: it knows rules by how planners lay them out.
  { name: "rule-index", run: (module) => indexRules(module) },
  // Before chains of keys below input are one op: its keys may be such.
  { name: "data-index", run: indexData },
  // Behind data-index: what an index of data answers needs no gathering.
  { name: "gather", run: gatherComprehensions },
  // Behind those that know what planners lay out.
  { name: "exits", begin: each(threadExits) },
  // Behind exits: what they leave over is reached by nothing.
  { name: "flow", begin: each(followControl) },
  // Behind flow, which has made them short.
  { name: "inline", run: inlineFunctions },
  { name: "input-slots", begin: each(projectInput) },
  // Behind all that makes ops.
  { name: "values", begin: findValues },
  // Before membership tests are opened: what is looked for in a collection is worth a look-up.
  { name: "provenance", begin: findProvenance },
  { name: "membership", begin: each(openMemberships), waits: true },
  // Whether all functions grow what is their own, `values` has found.
  { name: "literals", begin: foldLiterals },
  // Behind all that leaves ops out.
  { name: "lifetimes", begin: each(findLifetimes) },
  { name: "fuel", begin: (_, inRuntime) => ({ each: (code) => weighFuel(code, inRuntime) }) },
  { name: "memo", run: keepAnswers },
  { name: "call-depth", run: countDepths },
] as const satisfies readonly Pass[];

/** Without these a policy might not end. */
type Needed = "call-depth" | "fuel";

export type PassName = Exclude<(typeof PASSES)[number]["name"], Needed>;

const NEEDED: readonly string[] = ["call-depth", "fuel"] satisfies readonly Needed[];

/** Those that can be left out, in order. */
export const PASS_NAMES = PASSES.map(({ name }) => name).filter((name): name is PassName => !NEEDED.includes(name));

/** `without` leaves passes out: to measure what they bring, and to check them. */
export function optimize(module: CoreModule, inRuntime: InRuntime, without: ReadonlySet<string> = new Set()): void {
  let together: EachCode[] = [];
  const finish = (): void => {
    for (const code of codesOf(module)) for (const pass of together) pass.each(code);
    for (const pass of together) pass.end?.();
    together = [];
  };
  for (const pass of PASSES as readonly Pass[]) {
    if ("run" in pass || pass.waits === true) finish();
    if (without.has(pass.name)) continue;
    if ("run" in pass) pass.run(module, inRuntime);
    else together.push(pass.begin(module, inRuntime));
  }
  finish();
}
