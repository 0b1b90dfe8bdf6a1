/**
 * What is asked of the compiler: modules of units and of queries, their plans, and what is wrong with
 * them. The way from source to module is pipeline.ts. Text that is wrong gives diagnostics; a
 * module comes out only where none of them is an error.
 */
import { type Diagnostic, hasErrors, sortDiagnostics } from "@regomesh/base";
import { ENTRYPOINTS, type ModuleMeta, type Role } from "@regomesh/policy-runtime";
import { analyzeQuery, type QueryAnalysis } from "./analyze/analyze-query.ts";
import { budgetOf } from "./analyze/metadata.ts";
import { BUILTINS, type BuiltinSignatures } from "./builtins/table.ts";
import type { Entrypoint } from "./entrypoint.ts";
import { guard } from "./guard.ts";
import type { IrPolicy } from "./ir/policy.ts";
import type { RuntimeModule } from "./link/runtime-module.ts";
import type { PassName } from "./optimize/passes.ts";
import { type AnalyzeSettings, type Back, type Front, type Run, runBack, runFront } from "./pipeline.ts";
import { type EntrypointPlan, planQuery, planUnits, type UnitPlan } from "./plan/plan.ts";
import { checkBudgets } from "./role/check-budget.ts";
import { checkDecision } from "./role/check-decision.ts";
import { checkSlowPath } from "./role/check-slow-path.ts";
import type { Module } from "./syntax/ast.ts";
import { parseQuery } from "./syntax/parse.ts";
import type { RegoSource } from "./syntax/version.ts";
import type { Schemas } from "./types/schemas.ts";
import { checkEntrypoint, toDataPath } from "./unit/entrypoint.ts";
import type { JsonObject } from "./unit/json.ts";
import type { Unit } from "./unit/unit.ts";

/** Part of a module's identity: the same text compiled by another version is another module. */
export const COMPILER = "regomesh 0.1.0";

export type CompileRequest = {
  readonly units: readonly Unit[];
  readonly entrypoints: readonly Entrypoint[];
  readonly runtime: RuntimeModule;
  /** Keeps calls of print, which are erased otherwise. */
  readonly print?: boolean;
  /** OPA's, unless the host has more (`makeSignatures`). */
  readonly builtins?: BuiltinSignatures;
  /** Evaluations will be strict (`evaluate`). */
  readonly errorsEnd?: boolean;
  /** Where the module will run: what is not offered there is refused. Absent: whoever runs it brings what it wants. */
  readonly role?: Role;
  /** Passes to leave out, to measure what they bring. */
  readonly without?: ReadonlySet<PassName>;
};

export type CompiledModule = {
  readonly wasm: Uint8Array;
  /**
   * JSON text of the data document the module wants: with one unit its data, with
   * several `{unit: data}`, so that none sees another's.
   */
  readonly data: string;
  readonly meta: ModuleMeta;
};

export type Compiled = { readonly module?: CompiledModule; readonly diagnostics: readonly Diagnostic[] };

/** One module that answers all entrypoints; each unit is analyzed and planned on its own. */
export function compile(request: CompileRequest): Compiled {
  const { units } = request;
  const { state, diagnostics } = runUnits(request);
  if (state?.module === undefined) return { diagnostics };
  return { module: { ...state.module, data: dataText(units) }, diagnostics };
}

export type Planned = { readonly policy?: IrPolicy; readonly diagnostics: readonly Diagnostic[] };

/** The policy of all entrypoints, before any code is made of it. */
export function planRequest(request: Omit<CompileRequest, "runtime">): Planned {
  return plannedOf(runUnits(request));
}

function plannedOf({ state, diagnostics }: Partial<Run<Back>> & Pick<Run<Back>, "diagnostics">): Planned {
  const policy = state?.planned?.policy;
  return policy === undefined || hasErrors(diagnostics) ? { diagnostics } : { policy, diagnostics };
}

function runUnits(
  request: Omit<CompileRequest, "runtime"> & Partial<CompileRequest>,
): Partial<Run<Back>> & Pick<Run<Back>, "diagnostics"> {
  const { units, runtime, builtins = BUILTINS, role, without } = request;
  const { plans, diagnostics } = checkUnits(request);
  if (hasErrors(diagnostics)) return { diagnostics: sortDiagnostics(diagnostics) };
  const made = runBack({
    sources: units.flatMap(({ modules }) => modules),
    ...{ builtins, role, without },
    describe: { compiler: COMPILER, entrypoints: describeEntrypoints(plans) },
    // What is planned need not be kept while the rest is made of the plan: of thousands of rules it is the largest part.
    makePlan: () => planUnits(plans.splice(0), builtins),
    ...(runtime === undefined ? {} : { runtime }),
  });
  return { ...made, diagnostics: sortDiagnostics([...diagnostics, ...made.diagnostics]) };
}

/** Each unit as it is to be planned, and what is wrong with it. A function of its own: nothing else of the analysis stays. */
function checkUnits({
  units,
  entrypoints,
  print = false,
  errorsEnd = false,
  builtins = BUILTINS,
  role,
}: Pick<CompileRequest, "units" | "entrypoints"> & Partial<CompileRequest>): {
  readonly plans: UnitPlan[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const diagnostics: Diagnostic[] = [];
  const plans: UnitPlan[] = [];
  const isAlone = units.length === 1;
  for (const unit of units) {
    const checked = runFront(frontOf(unit, { print, builtins, errorsEnd }));
    diagnostics.push(...checked.diagnostics);
    const { root, types, parsed } = checked.state;
    if (root === undefined) continue;
    const wanted = entrypoints.filter((entrypoint) => entrypoint.unit === unit.name);
    for (const entrypoint of wanted) {
      diagnostics.push(...checkEntrypoint(unit, root, entrypoint.name));
      if (role !== undefined) diagnostics.push(...checkDecision(entrypoint, root, builtins, types));
    }
    plans.push({
      name: isAlone ? undefined : unit.name,
      unit: unit.name,
      root,
      entrypoints: wanted.map(({ name }) => planOf(unit.name, name, isAlone, parsed)),
    });
  }
  return { plans, diagnostics };
}

function describeEntrypoints(plans: readonly UnitPlan[]): NonNullable<Back["describe"]["entrypoints"]> {
  return plans.flatMap(({ unit, entrypoints }) =>
    entrypoints.map(({ name, budget }) => ({ name, unit, ...(budget === undefined ? {} : { budget }) })),
  );
}

function frontOf(unit: Unit, settings: AnalyzeSettings): Front {
  return { ...settings, sources: unit.modules, unit };
}

/** `parsed`: the unit's modules, whose rules may say a budget. */
function planOf(unit: string, name: string, isAlone: boolean, parsed: readonly Module[] = []): EntrypointPlan {
  const path = toDataPath(name);
  return { name: isAlone ? name : `${unit}/${name}`, path, budget: budgetOf(parsed, path) };
}

function dataText(units: readonly Unit[]): string {
  const [first, ...others] = units;
  if (first !== undefined && others.length === 0) return JSON.stringify(first.data);
  return JSON.stringify(Object.fromEntries(units.map(({ name, data }) => [name, data])));
}

/** What is wrong with a unit, without making a module. */
export function checkUnit(unit: Unit, options: Partial<AnalyzeSettings> = {}): readonly Diagnostic[] {
  return sortDiagnostics(runFront(frontOf(unit, { print: true, builtins: BUILTINS, ...options })).diagnostics);
}

/**
 * What the mesh would refuse of a unit that nothing binds yet: its rules that have the names of
 * entrypoints, each in the role in which the mesh asks it. Nothing where the unit has other faults.
 */
export function checkOffered(unit: Unit, builtins: BuiltinSignatures = BUILTINS): readonly Diagnostic[] {
  const { root, types } = runFront(frontOf(unit, { print: false, builtins })).state;
  if (root === undefined) return [];
  const found = ENTRYPOINTS.flatMap(({ names, direction }) => {
    const wanted = names.filter((name) => checkEntrypoint(unit, root, name).length === 0);
    const entrypoints = wanted.map((name) => planOf(unit.name, name, true));
    const plan = { name: undefined, unit: unit.name, root, entrypoints };
    const checked = runBack({
      ...{ sources: unit.modules, builtins, role: direction, describe: {} },
      makePlan: () => planUnits([plan], builtins),
    });
    const wrong = wanted.flatMap((name) => checkDecision({ name }, root, builtins, types));
    return [...wrong, ...checked.diagnostics];
  });
  return sortDiagnostics(found);
}

/**
 * Warnings of what makes decisions of the mesh's entrypoints of a unit slow: what they read that makes a sidecar
 * build the document of each request, and budgets that they may go beyond. Nothing where the unit cannot be planned.
 */
export function findSlowPaths(unit: Unit, builtins: BuiltinSignatures = BUILTINS): readonly Diagnostic[] {
  const { root, parsed } = runFront(frontOf(unit, { print: false, builtins })).state;
  if (root === undefined) return [];
  const names = ENTRYPOINTS.flatMap((each) => each.names).filter(
    (name) => checkEntrypoint(unit, root, name).length === 0,
  );
  const entrypoints = names.map((name) => planOf(unit.name, name, true, parsed));
  const plan = { name: undefined, unit: unit.name, root, entrypoints };
  const { policy } = plannedOf(
    runBack({ ...{ sources: unit.modules, builtins, describe: {} }, makePlan: () => planUnits([plan], builtins) }),
  );
  if (policy === undefined) return [];
  const budgets = new Map(entrypoints.flatMap(({ name, budget }) => (budget === undefined ? [] : [[name, budget]])));
  return sortDiagnostics([...checkSlowPath(policy, unit.modules), ...checkBudgets(policy, budgets, unit.modules)]);
}

export type QueryRequest = {
  readonly modules: readonly RegoSource[];
  readonly query: RegoSource;
  readonly data?: JsonObject;
  readonly runtime: RuntimeModule;
  readonly print?: boolean;
  /** The evaluation will be strict (`evaluate`). */
  readonly errorsEnd?: boolean;
  readonly builtins?: BuiltinSignatures;
  /** Types of documents, from JSON schemas. */
  readonly schemas?: Schemas | undefined;
};

/** The policy of a query, before any code is made of it. */
export function planQueryRequest(request: Omit<QueryRequest, "runtime" | "data">): Planned {
  return plannedOf(runQuery(request));
}

/**
 * A module whose entrypoint `eval` gives one object for each answer of the query: its
 * named variables and their values. Base documents may stand where rules do; rules win.
 */
export function compileQuery(request: QueryRequest): Compiled {
  const { state, diagnostics } = runQuery(request);
  if (state?.module === undefined) return { diagnostics };
  return { module: { ...state.module, data: JSON.stringify(request.data ?? {}) }, diagnostics };
}

const NOTHING_TRACED = { expressions: new Map(), rules: new Map(), entered: new Map() };

function runQuery(
  request: Omit<QueryRequest, "runtime"> & Partial<QueryRequest>,
): Partial<Run<Back>> & Pick<Run<Back>, "diagnostics"> {
  const { modules: sources, query, runtime, print = true, errorsEnd = false, builtins = BUILTINS, schemas } = request;
  const known = runFront({ sources, print, errorsEnd, builtins, schemas });
  const { body, ...asked } = resolveQuery(query, known.state, { builtins, print });
  const diagnostics = sortDiagnostics([...known.diagnostics, ...asked.diagnostics]);
  const { modules } = known.state;
  if (modules === undefined || body === undefined || hasErrors(diagnostics)) return { diagnostics };
  const made = runBack({
    ...{ sources: [query, ...sources], builtins },
    makePlan: () => ({ ...NOTHING_TRACED, policy: planQuery(modules, body, builtins) }),
    describe: { compiler: COMPILER, entrypoints: [{ name: "eval", unit: "" }] },
    ...(runtime === undefined ? {} : { runtime }),
  });
  return { ...made, diagnostics: sortDiagnostics([...diagnostics, ...made.diagnostics]) };
}

function resolveQuery(
  query: RegoSource,
  { modules, types }: Pick<Front, "modules" | "types">,
  settings: Pick<AnalyzeSettings, "builtins" | "print">,
): QueryAnalysis {
  const resolved = guard([query], (): QueryAnalysis => {
    const { body, diagnostics } = parseQuery(query);
    if (modules === undefined || body === undefined || hasErrors(diagnostics)) return { diagnostics };
    const { version = "v1" } = query;
    const known = types === undefined ? {} : { types };
    const analysis = analyzeQuery(body, { modules, version, ...known, ...settings });
    return { ...analysis, diagnostics: [...diagnostics, ...analysis.diagnostics] };
  });
  return "value" in resolved ? resolved.value : resolved;
}
