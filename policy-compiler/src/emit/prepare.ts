/**
 * What is found out of all functions together before any is emitted: their literals, which
 * of them keep their values, which count depth or steps.
 */
import type { IrBlock, IrFunc, IrOperand, IrPlan } from "../ir/policy.ts";
import { blocksOf, HAS_BLOCKS, someStmtOf } from "../ir/walk.ts";
import { deepFunctions } from "./call-graph.ts";
import type { Known } from "./code.ts";
import { constantsOf } from "./constants.ts";
import { EmitError } from "./error.ts";
import { type Facts, factsOf } from "./facts.ts";
import { lifetimesOf } from "./lifetimes.ts";
import { membershipsOf } from "./membership.ts";
import type { Strings } from "./operand.ts";

export type FunctionTraits = {
  readonly known: Known;
  /** The value is kept for the generation: asked for more than once. */
  readonly isKept: boolean;
  /** The answers are kept for the generation by their arguments: asked for more than once, and not found at once. */
  readonly keepsAnswers: boolean;
  readonly countsDepth: boolean;
  /** Calls others, so that its calls may multiply; what only loops takes its steps there. */
  readonly countsCall: boolean;
};

export type Prepared = {
  readonly plans: readonly Known[];
  readonly functions: ReadonlyMap<string, FunctionTraits>;
  readonly sharesInput: boolean;
};

type Callable = { readonly blocks: readonly IrBlock[] | null; readonly params?: readonly number[] };

export function prepare(plans: readonly IrPlan[], funcs: readonly IrFunc[], strings: Strings): Prepared {
  const own = new Map(funcs.map((func) => [func.name, func]));
  const deep = deepFunctions(funcs);
  const planFacts = plans.map((plan) => factsOf([0, 1], plan.blocks));
  const funcFacts = funcs.map((func) => factsOf(func.params, func.blocks, func.grows));
  const allFacts = [...planFacts, ...funcFacts];
  const mayFold = !allFacts.some(({ changesOthers }) => changesOthers);
  const knownOf = ({ blocks }: Callable, facts: Facts | undefined): Known => {
    if (facts === undefined) throw new EmitError("a function without facts");
    const { texts, done } = constantsOf(blocks, facts, strings, mayFold);
    const memberships = membershipsOf(blocks, facts);
    return {
      ...{ texts, done: new Set([...done, ...memberships.done]) },
      ...{ elements: memberships.elements, reads: facts.reads },
      lifetimes: lifetimesOf(blocks, facts, memberships.elements),
    };
  };
  const calls = new Map<string, number>();
  let sharesInput = !allFacts.some(({ setsInput }) => setsInput);
  for (const callable of [...plans, ...funcs] as readonly Callable[]) {
    const times = (callable.params?.length ?? 2) > 2 ? 2 : 1;
    if (!countCalls(callable.blocks, { own, calls, times })) sharesInput = false;
  }
  return {
    plans: plans.map((plan, i) => knownOf(plan, planFacts[i])),
    functions: new Map(
      funcs.map((func, i) => [
        func.name,
        {
          known: knownOf(func, funcFacts[i]),
          isKept: func.params.length === 2 && (calls.get(func.name) ?? 0) > 1,
          keepsAnswers:
            mayFold && func.params.length > 2 && (calls.get(func.name) ?? 0) > 1 && isLaborious(func.blocks, own),
          countsDepth: deep.has(func.name),
          countsCall: callsOthers(func.blocks, own),
        },
      ]),
    ),
    sharesInput,
  };
}

type Count = {
  readonly own: ReadonlyMap<string, IrFunc>;
  readonly calls: Map<string, number>;
  /** 2 where the statements may run more than once. */
  readonly times: number;
};

/** Counts how often functions are called, 2 for many times; gives whether all get the caller's input. Data may be a part of it: a unit's own. */
function countCalls(blocks: readonly IrBlock[] | null, count: Count): boolean {
  let shares = true;
  const add = (name: string, times: number) => count.calls.set(name, (count.calls.get(name) ?? 0) + times);
  for (const { stmts } of blocks ?? []) {
    for (const statement of stmts ?? []) {
      const { type, stmt } = statement;
      if (type === "CallStmt" && count.own.has(stmt.func)) {
        add(stmt.func, count.times);
        if (!startsWithInput(stmt.args ?? [])) shares = false;
      } else if (type === "CallDynamicStmt") {
        for (const func of count.own.values()) if (func.path) add(func.name, 2);
        if (stmt.args?.[0] !== 0) shares = false;
      }
      // What a dispatch calls is called by nobody else, once for each set of arguments: its answers are not kept.
      if (type === "DispatchStmt" && !startsWithInput(stmt.args)) shares = false;
      if (!HAS_BLOCKS.has(type)) continue;
      const inner = type === "ScanStmt" ? { ...count, times: 2 } : count;
      if (!countCalls(blocksOf(statement), inner)) shares = false;
    }
  }
  return shares;
}

function startsWithInput([input]: readonly IrOperand[]): boolean {
  return input?.type === "local" && input.value === 0;
}

/** Loops, or calls others. */
function isLaborious(blocks: readonly IrBlock[] | null, own: ReadonlyMap<string, IrFunc>): boolean {
  return callsOthers(blocks, own) || someStmtOf(blocks, ({ type }) => type === "ScanStmt");
}

function callsOthers(blocks: readonly IrBlock[] | null, own: ReadonlyMap<string, IrFunc>): boolean {
  return someStmtOf(
    blocks,
    ({ type, stmt }) =>
      type === "CallDynamicStmt" || type === "DispatchStmt" || (type === "CallStmt" && own.has(stmt.func)),
  );
}
