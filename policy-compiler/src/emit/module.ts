/** A policy's plan to a module: every function emitted, the constants laid out, all appended to the runtime. */
import { META_SECTION, MODULE_ABI, type ModuleEntrypoint, type ModuleMeta } from "@regomesh/policy-runtime";
import type { IrFunc, IrPlan, IrPolicy } from "../ir/policy.ts";
import { appendToRuntime } from "../link/append.ts";
import type { RuntimeModule } from "../link/runtime-module.ts";
import { addressesOf, align, layOut, newStatics } from "../link/statics.ts";
import { optimize, type PassName } from "../optimize/passes.ts";
import { reachedMarks } from "../plan/marks.ts";
import { type Body, finish, type Known } from "./code.ts";
import { checkBlockDepth } from "./depth.ts";
import { EmitError } from "./error.ts";
import { emitAnswer, emitFunction, emitPlan } from "./function.ts";
import { emitDataIndexes, putDataIndexes } from "./narrow.ts";
import { findOftenAsked } from "./often-asked.ts";
import { builtinsOf, type PolicyContext, type PolicyFunction, stringsOf, treeOf } from "./policy-context.ts";
import { type FunctionTraits, type Prepared, prepare } from "./prepare.ts";
import { resolveRuntime } from "./runtime-calls.ts";

export type ModuleSource = {
  readonly ir: IrPolicy;
  /** The prebuilt runtime, taken apart by `parseRuntime`. */
  readonly runtime: RuntimeModule;
  /** Passes to leave out. */
  readonly without?: ReadonlySet<PassName>;
  /** What the compiler knows and the plan does not say. */
  readonly meta?: Partial<Pick<ModuleMeta, "compiler" | "reads">> & {
    /** In the order of the plans. */
    readonly entrypoints?: readonly Pick<ModuleEntrypoint, "name" | "unit" | "budget">[];
  };
};

/** A module's bytes, and what its custom section says of it. */
export type DescribedModule = { readonly wasm: Uint8Array; readonly meta: ModuleMeta };

/** Bytes of the module. Throws EmitError where the plan breaks the IR's rules. */
export function emitModule(source: ModuleSource): Uint8Array {
  return emitDescribed(source).wasm;
}

export function emitDescribed({ ir: planned, runtime, without, meta = {} }: ModuleSource): DescribedModule {
  checkBlockDepth(planned);
  const ir = optimize(planned, without);
  const plans = ir.plans?.plans ?? [];
  const funcs = ir.funcs?.funcs ?? [];
  const types: number[] = [];
  const typeOf = typesFrom(runtime.typeCount, types);
  const prepared = prepare(plans, funcs, stringsOf(ir));
  const policy = contextOf(ir, runtime, typeOf, prepared.sharesInput);
  const bodies = emitBodies(policy, prepared, plans, funcs);

  const base = align(runtime.reach.end, 16);
  const addresses = addressesOf(policy.statics, base);
  const entrypoints = Object.fromEntries(plans.map((plan, i) => [plan.name, i]));
  const layout = layOut(policy.statics, base, {
    planTable: runtime.tableSize,
    answerTable: runtime.tableSize + plans.length + funcs.length,
    dataTable: policy.dataIndexes.length === 0 ? 0 : runtime.tableSize + bodies.length - 1,
    entrypoints: JSON.stringify(entrypoints),
    builtins: JSON.stringify(Object.fromEntries(policy.hostBuiltins)),
  });
  const marks = reachedMarks(ir);
  const custom: ModuleMeta = {
    abi: MODULE_ABI,
    compiler: meta.compiler ?? "regomesh",
    entrypoints: plans.map((plan, i) => ({
      ...(meta.entrypoints?.[i] ?? { name: plan.name, unit: "" }),
      rules: marks[i] ?? [],
    })),
    rules: ir.static?.rules ?? [],
    reads: meta.reads ?? { body: true, query: true },
    hostBuiltins: [...policy.hostBuiltins.keys()],
  };
  const wasm = appendToRuntime(runtime, {
    functions: bodies.map((body) => ({
      type: typeOf(body.params),
      code: (numbers) => finish(body, addresses, numbers),
    })),
    types,
    calls: policy.called,
    globals: policy.named,
    table: bodies.map((_, i) => runtime.functionCount + i),
    statics: { base, ...layout },
    custom: [[META_SECTION, JSON.stringify(custom)]],
  });
  return { wasm, meta: custom };
}

function typesFrom(first: number, types: number[]): (params: number) => number {
  const known = new Map<number, number>();
  return (params) => {
    const index = known.get(params);
    if (index !== undefined) return index;
    known.set(params, first + types.length);
    types.push(params);
    return first + types.length - 1;
  };
}

/** Plans stand first, in the table and among the functions; what gives their values alone stands behind, and what makes indexes of data last. */
function contextOf(
  ir: IrPolicy,
  runtime: RuntimeModule,
  typeOf: (params: number) => number,
  sharesInput: boolean,
): PolicyContext {
  const plans = ir.plans?.plans ?? [];
  const functions = new Map<string, PolicyFunction>();
  for (const [i, func] of (ir.funcs?.funcs ?? []).entries()) {
    if (functions.has(func.name)) throw new EmitError(`the plan has two functions ${func.name}`);
    functions.set(func.name, {
      func,
      index: runtime.functionCount + plans.length + i,
      tableIndex: runtime.tableSize + plans.length + i,
    });
  }
  const statics = newStatics();
  return {
    runtime,
    calls: resolveRuntime(runtime),
    statics,
    dataIndexes: putDataIndexes(statics, ir.static?.indexes ?? []),
    called: new Set(),
    named: new Set(),
    strings: stringsOf(ir),
    rules: ir.static?.rules?.length ?? 0,
    functions,
    builtins: builtinsOf(ir),
    hostBuiltins: new Map(),
    typeOf,
    sharesInput,
    oftenAsked: findOftenAsked(ir),
    functionTree: (params) => treeOf(functions.values(), params),
  };
}

function emitBodies(
  policy: PolicyContext,
  prepared: Prepared,
  plans: readonly IrPlan[],
  funcs: readonly IrFunc[],
): readonly Body[] {
  policy.statics.marks = policy.rules;
  return [
    ...plans.map((plan, i) => emitPlan(policy, plan, prepared.plans[i] as Known)),
    ...funcs.map((func) => emitFunction(policy, func, prepared.functions.get(func.name) as FunctionTraits)),
    ...plans.map((plan, i) => emitAnswer(policy, plan, prepared.plans[i] as Known, policy.runtime.functionCount + i)),
    ...(policy.dataIndexes.length === 0 ? [] : [emitDataIndexes(policy)]),
  ];
}
