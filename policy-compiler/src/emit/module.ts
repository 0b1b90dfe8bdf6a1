/** A policy's plan to a module: every function emitted, the constants laid out, all appended to the runtime. */
import { META_SECTION, MODULE_ABI, type ModuleEntrypoint, type ModuleMeta } from "@regomesh/policy-runtime";
import { checkBlockDepth } from "../core/depth.ts";
import { coreOf } from "../core/from-ir.ts";
import { reachedMarks } from "../core/marks.ts";
import type { CoreModule } from "../core/module.ts";
import type { CoreFunction } from "../core/op.ts";
import type { IrPolicy } from "../ir/policy.ts";
import { appendToRuntime } from "../link/append.ts";
import type { RuntimeModule } from "../link/runtime-module.ts";
import { addressesOf, align, layOut, newStatics } from "../link/statics.ts";
import { optimize, type PassName } from "../optimize/passes.ts";
import { ByteWriter } from "../wasm/encode.ts";
import { type Emitted, finish } from "./body.ts";
import { emitAnswer, emitFunction, emitPlan } from "./function.ts";
import { fieldsRead } from "./head-fields.ts";
import { emitDataIndexes, putDataIndexes } from "./narrow.ts";
import { type PolicyContext, type PolicyFunction, treeOf } from "./policy-context.ts";
import { countParams } from "./rule-set.ts";
import { builtinsOf, resolveRuntime } from "./runtime-calls.ts";

export type ModuleSource = {
  readonly ir: IrPolicy;
  /** The prebuilt runtime, taken apart by `parseRuntime`. */
  readonly runtime: RuntimeModule;
  /** Passes to leave out. */
  readonly without?: ReadonlySet<PassName> | undefined;
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
  checkBlockDepth(source.ir);
  return emitDescribed(source).wasm;
}

/** The same of a plan whose blocks are known not to nest too deeply. */
export function emitDescribed({ ir, ...source }: ModuleSource): DescribedModule {
  return emitCore({ ...source, module: coreOf(ir) });
}

/** The same of core, which the passes are still to be done with. */
export function emitCore({
  module,
  runtime,
  without,
  meta = {},
}: Omit<ModuleSource, "ir"> & { readonly module: CoreModule }): DescribedModule {
  const builtinOf = builtinsOf(runtime);
  optimize(module, (name) => builtinOf(name) !== undefined, without);
  const { plans, functions } = module;
  const types: number[] = [];
  const typeOf = typesFrom(runtime.typeCount, types);
  const policy = contextOf(module, { runtime, builtinOf, typeOf });
  const bodies = emitBodies(policy, module);

  const base = align(runtime.reach.end, 16);
  const addresses = addressesOf(policy.statics, base);
  const entrypoints = Object.fromEntries(plans.map((plan, i) => [plan.name, i]));
  const layout = layOut(policy.statics, base, {
    planTable: runtime.tableSize,
    answerTable: runtime.tableSize + plans.length + functions.length,
    dataTable: policy.dataIndexes.length === 0 ? 0 : runtime.tableSize + bodies.length - 1,
    entrypoints: JSON.stringify(entrypoints),
    builtins: JSON.stringify(Object.fromEntries(policy.hostBuiltins)),
  });
  const marks = reachedMarks(module);
  const custom: ModuleMeta = {
    abi: MODULE_ABI,
    compiler: meta.compiler ?? "regomesh",
    entrypoints: plans.map((plan, i) => ({
      ...(meta.entrypoints?.[i] ?? { name: plan.name, unit: "" }),
      rules: marks[i] ?? [],
    })),
    rules: module.rules,
    reads: { ...(meta.reads ?? { body: true, query: true }), ...fieldsRead(policy) },
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
function contextOf(module: CoreModule, known: Pick<PolicyContext, "runtime" | "builtinOf" | "typeOf">): PolicyContext {
  const { runtime } = known;
  const { plans, functions, rules, files, indexes, sharesInput } = module;
  const paramsOfRules = countParams(module);
  const places = new Map<CoreFunction, PolicyFunction>();
  for (const [i, func] of functions.entries()) {
    places.set(func, {
      index: runtime.functionCount + plans.length + i,
      tableIndex: runtime.tableSize + plans.length + i,
      params: paramsOfRules.get(func) ?? func.params.length,
    });
  }
  const statics = newStatics();
  return {
    ...known,
    calls: resolveRuntime(runtime),
    statics,
    code: new ByteWriter(),
    dataIndexes: putDataIndexes(statics, indexes),
    called: new Set(),
    named: new Set(),
    rules: rules.length,
    places: { files, rules },
    functions: places,
    hostBuiltins: new Map(),
    sharesInput,
    functionTree: (params) => treeOf(places, params),
  };
}

function emitBodies(policy: PolicyContext, { plans, functions }: CoreModule): readonly Emitted[] {
  policy.statics.marks = policy.rules;
  return [
    ...plans.map((plan) => emitPlan(policy, plan)),
    ...functions.map((func) => emitFunction(policy, func)),
    ...plans.map((plan, i) => emitAnswer(policy, plan, policy.runtime.functionCount + i)),
    ...(policy.dataIndexes.length === 0 ? [] : [emitDataIndexes(policy)]),
  ];
}
