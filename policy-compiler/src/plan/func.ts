/** Functions of the IR: each takes input, data, the environment's passed values, and its own arguments. */
import type { IrBlock, IrFunc, IrOperand } from "../ir/policy.ts";
import { type Environment, passedValues } from "./environment.ts";
import type { Planner } from "./planner.ts";
import { append, local, makeBlock, newLocal, type OpenBlock, type Site } from "./site.ts";
import { makeVariables } from "./variables.ts";

const INPUT = 0;
const DATA = 1;

export type FuncSite = {
  readonly site: Site;
  readonly blocks: OpenBlock[];
  readonly params: readonly number[];
  /** The locals of the arguments that `args` names. */
  readonly args: readonly IrOperand[];
  /** What the function returns if it is defined at the end. */
  readonly result: number;
};

/** The inside of a new function, at the beginning of its first block. */
export function makeFuncSite(planner: Planner, environment: Environment, args: readonly unknown[]): FuncSite {
  const frame = { next: 2 };
  const passed = new Map(passedValues(environment).map((name) => [name, local(frame.next++)]));
  const locals = args.map(() => local(frame.next++));
  const params = Array.from({ length: frame.next }, (_, i) => i);
  const first = makeBlock();
  const site: Site = {
    planner,
    frame,
    environment,
    passed,
    input: INPUT,
    data: DATA,
    variables: makeVariables(),
    place: {},
    cursor: { block: first, depth: 0 },
  };
  return { site, blocks: [first], params, args: locals, result: newLocal(site) };
}

/** A further block of the function: it runs whatever became of those before it. */
export function nextBlock(func: FuncSite): Site {
  const block = makeBlock();
  func.blocks.push(block);
  return { ...func.site, variables: makeVariables(func.site.variables), cursor: { block, depth: 0 } };
}

/**
 * Plans something whose locals nothing after it needs, so that what comes next has them
 * again. A local used once tells the back end more, so this is for functions that would
 * need more locals than engines take.
 */
export function reuseLocals({ site }: FuncSite, plan: () => void): void {
  const { next } = site.frame;
  plan();
  site.frame.next = next;
}

export function finishFunc(name: string, func: FuncSite): IrFunc {
  const last = nextBlock(func);
  append(last, { type: "ReturnLocalStmt", stmt: { source: func.result } });
  const blocks: readonly IrBlock[] = func.blocks.filter((block) => block.stmts.length > 0);
  return { name, params: func.params, return: func.result, blocks };
}

/** Calls a function of the policy with what every one of them is given first. */
export function callUnitFunc(site: Site, func: string, args: readonly IrOperand[]): IrOperand {
  const result = newLocal(site);
  const passed = passedValues(site.environment).map((name) => site.passed.get(name) as IrOperand);
  append(site, {
    type: "CallStmt",
    stmt: { func, args: [local(site.input), local(site.data), ...passed, ...args], result },
  });
  return local(result);
}
