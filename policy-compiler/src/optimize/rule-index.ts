/**
 * Rule indexing: where a function has many groups of regions (index/groups.ts: the rules of a path, the
 * links of an `else`, the pieces of a set), each becomes a rule of its own, and one rule set tries those
 * that can hold. Which these are is asked of a tree (index/tree.ts) by what the rules begin with
 * (index/guards.ts), so that the time of a decision does not grow with the rules that are not concerned.
 * All that can hold are tried, in their order: conflicts, `else` and marks are as before.
 */
import { copyRegions, localizer } from "../core/copy.ts";
import { findTerm, newLocal } from "../core/guard.ts";
import { returnOf, testOf } from "../core/make-op.ts";
import type { CoreModule } from "../core/module.ts";
import { newFunction } from "../core/new-function.ts";
import type { CoreFunction, Op, Region, Rule } from "../core/op.ts";
import { type Local, makeLocal, NO_LOCALS } from "../core/value.ts";
import { type Share, type Shared, shareBodies } from "./index/alike.ts";
import { type Group, type Run, runsOf } from "./index/groups.ts";
import { guardsOf, sharedGuards } from "./index/guards.ts";
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

export function indexRules(module: CoreModule, bounds = BOUNDS): void {
  module.functions = module.functions.flatMap((func) => indexFunction(func, bounds));
}

/** The function, and behind it those that its groups have become: which may have groups themselves. */
function indexFunction(func: CoreFunction, bounds: IndexBounds): readonly CoreFunction[] {
  const body: Region[] = [];
  const made: CoreFunction[] = [];
  let at = 0;
  for (const run of runsOf(func, bounds.groupsMin)) {
    const params = new Set(func.params);
    const shares = shareBodies(run.groups, new Set(argsOf(func, run)), func.fresh);
    const guards = guardsOfAll(run.groups, shares, params);
    const index = indexOf(guards, bounds);
    if (index === undefined) continue;
    const bodies = new Map<Shared, CoreFunction>();
    for (const { body: shared } of shares)
      if (!bodies.has(shared)) bodies.set(shared, outline(func, run, shared, made.length + bodies.size));
    const rules = shares.map(
      ({ body: shared, constants, marks }, i): Rule => ({
        body: bodies.get(shared) as CoreFunction,
        guards: guards[i] ?? [],
        constants,
        marks,
      }),
    );
    body.push(...func.body.slice(at, run.start), ...setOf(func, run, index, rules));
    made.push(...bodies.values());
    at = run.end;
  }
  if (made.length === 0) return [func];
  body.push(...func.body.slice(at));
  func.body = body;
  func.survey = undefined;
  return [func, ...made.flatMap((inner) => indexFunction(inner, bounds))];
}

function indexOf(guards: readonly Rule["guards"][], { unguardedMax }: IndexBounds): Indexed | undefined {
  const index = makeIndex(guards, unguardedMax);
  if (index !== undefined || guards.length <= TOGETHER_MAX) return index;
  return { roots: [{ kind: "list", rules: guards.map((_, i) => i) }], keys: [] };
}

function guardsOfAll(
  groups: readonly Group[],
  shares: readonly Share[],
  params: ReadonlySet<Local>,
): readonly Rule["guards"][] {
  const known = new Map<Shared, ReturnType<typeof sharedGuards>>();
  return groups.map(({ links }, i) => {
    const { body, constants } = shares[i] as Share;
    if (body.params.length === 0) return guardsOf(links, params);
    const shared = known.get(body) ?? sharedGuards(body, links.length, params);
    known.set(body, shared);
    return shared(constants) ?? guardsOf(links, params);
  });
}

function argsOf({ params }: CoreFunction, { how, target }: Run): readonly Local[] {
  return how === "grow" ? [...params, target] : params;
}

function outline(func: CoreFunction, run: Run, { regions, params }: Shared, place: number): CoreFunction {
  const common = argsOf(func, run);
  const args = [...common, ...params];
  const own = args.map(({ id }) => makeLocal(id));
  const localize = localizer(new Map(args.map((arg, i) => [arg, own[i] as Local])));
  return {
    ...newFunction(`${func.name}#${place}`, own),
    fresh: { ...func.fresh },
    grows: run.how === "grow" ? own[common.length - 1] : undefined,
    body: copyRegions(regions, localize),
  };
}

function setOf(func: CoreFunction, run: Run, { roots, keys }: Indexed, rules: readonly Rule[]): readonly Region[] {
  const { fresh } = func;
  const { how, target, returns } = run;
  const ops: Op[] = [];
  const locals = keys.map(({ term }) => {
    if (term.kind === "param") return term.local;
    const key = newLocal(fresh);
    ops.push(...findTerm(term, key, fresh));
    return key;
  });
  const set = { how, rules, args: argsOf(func, run), target, keys: locals, index: roots };
  ops.push({ kind: "rules", at: {}, weight: 0, ends: NO_LOCALS, ...set });
  const region = { label: fresh.label++, ops };
  if (!returns) return [region];
  const label = fresh.label++;
  return [region, { label, ops: [testOf("defined", target, label), returnOf(target)] }];
}
