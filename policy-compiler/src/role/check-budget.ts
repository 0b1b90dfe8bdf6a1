/**
 * Whether a decision keeps within its budget, as far as the plan shows: what its statements weigh, each at
 * most once but in iterations over literals. An iteration over anything else, and a built-in whose
 * time grows with its operands, has no bound that could be shown; what it takes is counted where it runs.
 */
import type { Diagnostic, Source } from "@regomesh/base";
import { WEIGHTS } from "../emit/weights.ts";
import type { IrBlock, IrFunc, IrLocation, IrPolicy, IrStmt } from "../ir/policy.ts";
import { usesOf } from "../ir/uses.ts";
import { blocksOf, eachStmtOf } from "../ir/walk.ts";
import { distinct, placesIn } from "./places.ts";

/** Units of fuel by the name of the plan. */
type Budgets = ReadonlyMap<string, number>;

const HINT = "the sidecar counts decisions beyond the budget: regomesh_policy_over_budget_total";
const BUILTIN = 16;

/** Built-ins that take the same time whatever they are given, or no more than a look at a text of the head. */
const STEADY =
  /^(internal\.member_2|count|startswith|endswith|contains|eq|equal|neq|n?eq|[lg]te?|plus|minus|mul|div|rem|abs|round|ceil|floor|to_number|is_[a-z]+|trim_prefix|trim_suffix|lower|upper|time\.now_ns|bits\.[a-z]+)$/;

type Bound = { readonly units: number } | { readonly why: string; readonly at: IrLocation };
type Walk = {
  readonly functions: ReadonlyMap<string, IrFunc>;
  readonly known: Map<string, Bound>;
};

export function checkBudgets(policy: IrPolicy, budgets: Budgets, sources: readonly Source[]): readonly Diagnostic[] {
  if (budgets.size === 0) return [];
  const functions = new Map((policy.funcs?.funcs ?? []).map((func) => [func.name, func]));
  const walk: Walk = { functions, known: new Map() };
  const placeOf = placesIn(policy, sources);
  const found = (policy.plans?.plans ?? []).flatMap(({ name, blocks }): Diagnostic[] => {
    const budget = budgets.get(name);
    if (budget === undefined) return [];
    const bound = boundOf(walk, blocks);
    const whole = `${name} has a budget of ${printUnits(budget)}`;
    if ("why" in bound) {
      const message = `${whole}, and no bound can be shown: ${bound.why}`;
      return [{ code: "budget_unbounded", severity: "warning", message, at: placeOf(bound.at), hint: HINT }];
    }
    if (bound.units <= budget) return [];
    const message = `${whole}, and may take ${printUnits(bound.units)}`;
    return [{ code: "budget_exceeded", severity: "warning", message, at: placeOf(firstPlace(blocks)), hint: HINT }];
  });
  return distinct(found);
}

function boundOf(walk: Walk, blocks: readonly IrBlock[] | null): Bound {
  const sizes = literalSizes(blocks);
  let units = 0;
  for (const { stmts } of blocks ?? []) {
    for (const stmt of stmts ?? []) {
      const bound = boundOfStmt(walk, stmt, sizes);
      if ("why" in bound) return bound;
      units += bound.units;
    }
  }
  return { units };
}

function boundOfStmt(walk: Walk, statement: IrStmt, sizes: ReadonlyMap<number, number>): Bound {
  const { type, stmt } = statement;
  let units = WEIGHTS[type] ?? 1;
  let turns = 1;
  if (type === "CallDynamicStmt") return { why: "the function that it calls is known only when it runs", at: stmt };
  if (type === "CallStmt") {
    const called = walk.functions.has(stmt.func) ? boundOfFunc(walk, stmt.func, stmt) : builtinBound(stmt.func, stmt);
    if ("why" in called) return called;
    units += called.units;
  } else if (type === "DispatchStmt") {
    for (const func of stmt.funcs) {
      const called = boundOfFunc(walk, func, stmt);
      if ("why" in called) return called;
      units += called.units;
    }
  } else if (type === "ScanStmt") {
    const size = sizes.get(stmt.source);
    if (size === undefined) return { why: "it iterates over what is no literal", at: stmt };
    turns = size;
  }
  const inner = boundOf(walk, blocksOf(statement));
  return "why" in inner ? inner : { units: units + turns * inner.units };
}

function boundOfFunc(walk: Walk, name: string, at: IrLocation): Bound {
  const known = walk.known.get(name);
  if (known !== undefined) return known;
  walk.known.set(name, { why: "it calls itself", at }); // until it is known
  const bound = boundOf(walk, walk.functions.get(name)?.blocks ?? null);
  walk.known.set(name, bound);
  return bound;
}

function builtinBound(name: string, at: IrLocation): Bound {
  return STEADY.test(name) ? { units: BUILTIN } : { why: `the time of ${name} grows with its operands`, at };
}

/** Members of collections that the blocks make step by step. */
function literalSizes(blocks: readonly IrBlock[] | null): ReadonlyMap<number, number> {
  const sizes = new Map<number, number>();
  eachStmtOf(blocks, (stmt) => {
    const { changes } = usesOf(stmt);
    if (stmt.type === "MakeArrayStmt" || stmt.type === "MakeSetStmt" || stmt.type === "MakeObjectStmt") {
      sizes.set(stmt.stmt.target, 0);
    } else if (changes !== undefined) sizes.set(changes, (sizes.get(changes) ?? 0) + 1);
  });
  return sizes;
}

function firstPlace(blocks: readonly IrBlock[] | null): IrLocation {
  let found: IrLocation = {};
  eachStmtOf(blocks, ({ stmt }) => {
    if (found.row === undefined) found = stmt;
  });
  return found;
}

function printUnits(units: number): string {
  return units < 1e3 ? `${units} ns` : `${Number((units / 1e3).toPrecision(3))} µs`;
}
