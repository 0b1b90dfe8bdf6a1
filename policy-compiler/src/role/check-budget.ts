/**
 * Whether a decision keeps within its budget, as far as the plan shows: what its statements weigh, each at
 * most once but in iterations over literals. An iteration over anything else, and a built-in whose
 * time grows with its operands, has no bound that could be shown; what it takes is counted where it runs.
 */
import type { Diagnostic, Source } from "@regomesh/base";
import { coreOf } from "../core/from-ir.ts";
import type { CoreFunction, Op, Region } from "../core/op.ts";
import type { Local } from "../core/value.ts";
import { calleesOf, eachOp, grownBy, regionsOf } from "../core/walk.ts";
import type { IrLocation, IrPolicy } from "../ir/policy.ts";
import { weightOf } from "../optimize/fuel.ts";
import { distinct, placesIn } from "./places.ts";

/** Units of fuel by the name of the plan. */
type Budgets = ReadonlyMap<string, number>;

const HINT = "the sidecar counts decisions beyond the budget: regomesh_policy_over_budget_total";

/** Built-ins that take the same time whatever they are given, or no more than a look at a text of the head. */
const STEADY =
  /^(internal\.member_2|count|startswith|endswith|contains|eq|equal|neq|n?eq|[lg]te?|plus|minus|mul|div|rem|abs|round|ceil|floor|to_number|is_[a-z]+|trim_prefix|trim_suffix|lower|upper|time\.now_ns|bits\.[a-z]+)$/;

type Bound = { readonly units: number } | { readonly why: string; readonly at: IrLocation };
/** What is known of functions. */
type Known = Map<CoreFunction, Bound>;

export function checkBudgets(policy: IrPolicy, budgets: Budgets, sources: readonly Source[]): readonly Diagnostic[] {
  if (budgets.size === 0) return [];
  const known: Known = new Map();
  const placeOf = placesIn(policy, sources);
  const found = coreOf(policy).plans.flatMap(({ name, body }): Diagnostic[] => {
    const budget = budgets.get(name);
    if (budget === undefined) return [];
    const bound = boundOf(known, body);
    const whole = `${name} has a budget of ${printUnits(budget)}`;
    if ("why" in bound) {
      const message = `${whole}, and no bound can be shown: ${bound.why}`;
      return [{ code: "budget_unbounded", severity: "warning", message, at: placeOf(bound.at), hint: HINT }];
    }
    if (bound.units <= budget) return [];
    const message = `${whole}, and may take ${printUnits(bound.units)}`;
    return [{ code: "budget_exceeded", severity: "warning", message, at: placeOf(firstPlace(body)), hint: HINT }];
  });
  return distinct(found);
}

function boundOf(known: Known, regions: readonly Region[]): Bound {
  const sizes = literalSizes(regions);
  let units = 0;
  for (const { ops } of regions) {
    for (const op of ops) {
      const bound = boundOfOp(known, op, sizes);
      if ("why" in bound) return bound;
      units += bound.units;
    }
  }
  return { units };
}

function boundOfOp(known: Known, op: Op, sizes: ReadonlyMap<Local, number>): Bound {
  const { at } = op;
  if (op.kind === "call-path") return { why: "the function that it calls is known only when it runs", at };
  let units = weightOf(op, () => true);
  let turns = 1;
  if (op.kind === "call" && op.callee.kind === "builtin") {
    const why = growsWith(op.callee.name);
    if (why !== undefined) return { why, at };
  } else if (op.kind === "loop") {
    const size = sizes.get(op.source);
    if (size === undefined) return { why: "it iterates over what is no literal", at };
    turns = size;
  }
  for (const callee of calleesOf(op)) {
    const called = boundOfFunc(known, callee, at);
    if ("why" in called) return called;
    units += called.units;
  }
  const inner = boundOf(known, regionsOf(op));
  return "why" in inner ? inner : { units: units + turns * inner.units };
}

function boundOfFunc(known: Known, func: CoreFunction, at: IrLocation): Bound {
  const found = known.get(func);
  if (found !== undefined) return found;
  known.set(func, { why: "it calls itself", at }); // until it is known
  const bound = boundOf(known, func.body);
  known.set(func, bound);
  return bound;
}

function growsWith(builtin: string): string | undefined {
  return STEADY.test(builtin) ? undefined : `the time of ${builtin} grows with its operands`;
}

/** Members of collections that the regions make step by step. */
function literalSizes(regions: readonly Region[]): ReadonlyMap<Local, number> {
  const sizes = new Map<Local, number>();
  eachOp(regions, (op) => {
    const grown = grownBy(op);
    if (op.kind === "make") sizes.set(op.target, 0);
    else if (grown !== undefined) sizes.set(grown, (sizes.get(grown) ?? 0) + 1);
  });
  return sizes;
}

function firstPlace(regions: readonly Region[]): IrLocation {
  let found: IrLocation = {};
  eachOp(regions, ({ at }) => {
    if (found.row === undefined) found = at;
  });
  return found;
}

function printUnits(units: number): string {
  return units < 1e3 ? `${units} ns` : `${Number((units / 1e3).toPrecision(3))} µs`;
}
