/**
 * Rule indexing: where a function has many groups of blocks (index/groups.ts: the rules of a path, the
 * links of an `else`, the pieces of a set), each becomes a function of its own, and one DispatchStmt calls those
 * that can hold. Which these are is asked of a tree (index/tree.ts) by what the groups begin with
 * (index/guards.ts), so that the time of a decision does not grow with the rules that are not concerned.
 * All that can hold are called, in their order: conflicts, `else` and marks are as before.
 */
import type { IrBlock, IrFunc, IrPolicy, IrStmt } from "../ir/policy.ts";
import { usesOf } from "../ir/uses.ts";
import { eachStmtOf } from "../ir/walk.ts";
import { type Run, runsOf } from "./index/groups.ts";
import { guardsOf } from "./index/guards.ts";
import { planTerm } from "./index/terms.ts";
import { type Indexed, makeIndex } from "./index/tree.ts";

export type IndexBounds = {
  /** Fewer groups beside each other are tried faster than asked about. */
  readonly groupsMin: number;
  /** A larger part of them that nothing guards is not worth a call for each. */
  readonly unguardedMax: number;
};

const BOUNDS: IndexBounds = { groupsMin: 8, unguardedMax: 0.5 };
/** More than these stand in functions of their own in any case: engines optimise small functions better, and refuse huge ones. */
const TOGETHER_MAX = 128;

export function indexRules(policy: IrPolicy, bounds = BOUNDS): IrPolicy {
  const funcs = policy.funcs?.funcs ?? [];
  const strings = (policy.static?.strings ?? []).map(({ value }) => value);
  const indexed = funcs.flatMap((func) => indexFunc(func, strings, bounds));
  return indexed.length === funcs.length ? policy : { ...policy, funcs: { funcs: indexed } };
}

/** The function, and behind it those that its groups have become: which may have groups themselves. */
function indexFunc(func: IrFunc, strings: readonly string[], bounds: IndexBounds): readonly IrFunc[] {
  const blocks: IrBlock[] = [];
  const made: IrFunc[] = [];
  let at = 0;
  for (const run of runsOf(func, bounds.groupsMin)) {
    const index = indexOf(func, run, strings, bounds);
    if (index === undefined) continue;
    const outlined = outline(func, run, made.length);
    blocks.push(...(func.blocks ?? []).slice(at, run.start), ...dispatch(func, run, index, outlined));
    made.push(...outlined);
    at = run.end;
  }
  if (made.length === 0) return [func];
  blocks.push(...(func.blocks ?? []).slice(at));
  return [{ ...func, blocks }, ...made.flatMap((inner) => indexFunc(inner, strings, bounds))];
}

function indexOf(
  func: IrFunc,
  run: Run,
  strings: readonly string[],
  { unguardedMax }: IndexBounds,
): Indexed | undefined {
  const scope = { params: new Set(func.params), strings };
  const index = makeIndex(
    run.groups.map(({ links }) => guardsOf(links, scope)),
    unguardedMax,
  );
  if (index !== undefined || run.groups.length <= TOGETHER_MAX) return index;
  return { roots: [{ kind: "list", funcs: run.groups.map((_, i) => i) }], keys: [] };
}

function outline(func: IrFunc, { how, target, groups }: Run, first: number): readonly IrFunc[] {
  const params = how === "grow" ? [...func.params, target] : func.params;
  return groups.map(({ blocks }, i) => ({
    ...{ name: `${func.name}#${first + i}`, params, return: func.return, blocks },
    ...(how === "grow" ? { grows: target } : {}),
  }));
}

function dispatch(func: IrFunc, run: Run, { roots, keys }: Indexed, outlined: readonly IrFunc[]): readonly IrBlock[] {
  let next = lastLocal(func) + 1;
  const stmts: IrStmt[] = [];
  const locals = keys.map(({ term }) => {
    if (term.kind === "param") return term.local;
    const target = next++;
    stmts.push(...planTerm(term, target, () => next++));
    return target;
  });
  const { how, target, returns } = run;
  const args = (outlined[0]?.params ?? []).map((value) => ({ type: "local", value }) as const);
  const funcs = outlined.map(({ name }) => name);
  stmts.push({ type: "DispatchStmt", stmt: { funcs, args, how, target, keys: locals, index: roots } });
  if (!returns) return [{ stmts }];
  return [
    { stmts },
    {
      stmts: [
        { type: "IsDefinedStmt", stmt: { source: target } },
        { type: "ReturnLocalStmt", stmt: { source: target } },
      ],
    },
  ];
}

function lastLocal(func: IrFunc): number {
  let last = Math.max(1, func.return, ...func.params);
  eachStmtOf(func.blocks, (stmt) => {
    const { reads, writes } = usesOf(stmt);
    for (const local of writes) last = Math.max(last, local);
    for (const operand of reads) if (operand.type === "local") last = Math.max(last, operand.value);
  });
  return last;
}
