/**
 * The whole way from Rego to a module: parse, analyze, plan, emit, link. Text that is
 * wrong gives diagnostics; a module comes out only where none of them is an error.
 */
import { type Diagnostic, hasErrors, sortDiagnostics } from "@regomesh/base";
import { ENTRYPOINTS, type ModuleMeta, type Role } from "@regomesh/policy-runtime";
import { analyze } from "./analyze/analyze.ts";
import { analyzeQuery, type QueryAnalysis } from "./analyze/analyze-query.ts";
import { BUILTINS, type BuiltinSignatures } from "./builtins/table.ts";
import { checkBlockDepth } from "./emit/depth.ts";
import { emitDescribed } from "./emit/module.ts";
import type { Entrypoint } from "./entrypoint.ts";
import { guard } from "./guard.ts";
import type { IrPolicy } from "./ir/policy.ts";
import type { RuntimeModule } from "./link/runtime-module.ts";
import { type EntrypointPlan, planQuery, planUnits, type UnitPlan } from "./plan/plan.ts";
import { findReads } from "./plan/reads.ts";
import { makeRuleTree } from "./plan/rule-tree.ts";
import { checkDecision } from "./role/check-decision.ts";
import { checkRole } from "./role/check-role.ts";
import type { Module } from "./syntax/ast.ts";
import { type ParsedModule, parseModule, parseQuery } from "./syntax/parse.ts";
import type { RegoSource } from "./syntax/version.ts";
import type { RuleTypes } from "./types/check-rules.ts";
import type { Schemas } from "./types/schemas.ts";
import { checkEntrypoint, toDataPath } from "./unit/entrypoint.ts";
import type { JsonObject } from "./unit/json.ts";
import { checkRulePaths } from "./unit/rule-paths.ts";
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
  /** Where the module will run: what is not offered there is refused. Absent: whoever runs it brings what it wants. */
  readonly role?: Role;
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
  const { units, entrypoints, runtime, print = false, builtins = BUILTINS, role } = request;
  const diagnostics: Diagnostic[] = [];
  const plans: UnitPlan[] = [];
  const isAlone = units.length === 1;
  for (const unit of units) {
    const checked = resolveUnit(unit, { print, builtins });
    diagnostics.push(...checked.diagnostics);
    if (checked.modules === undefined) continue;
    const { root } = makeRuleTree(checked.modules);
    const wanted = entrypoints.filter((entrypoint) => entrypoint.unit === unit.name);
    for (const entrypoint of wanted) {
      diagnostics.push(...checkEntrypoint(unit, root, entrypoint.name));
      if (role !== undefined) diagnostics.push(...checkDecision(entrypoint, checked.modules, builtins, checked.types));
    }
    plans.push({
      name: isAlone ? undefined : unit.name,
      unit: unit.name,
      modules: checked.modules,
      entrypoints: wanted.map(({ name }) => planOf(unit.name, name, isAlone)),
    });
  }
  if (hasErrors(diagnostics)) return { diagnostics: sortDiagnostics(diagnostics) };
  const finished = finish(units, plans, { runtime, builtins, role });
  return { ...finished, diagnostics: sortDiagnostics([...diagnostics, ...finished.diagnostics]) };
}

function planOf(unit: string, name: string, isAlone: boolean): EntrypointPlan {
  return { name: isAlone ? name : `${unit}/${name}`, path: toDataPath(name) };
}

function finish(
  units: readonly Unit[],
  plans: readonly UnitPlan[],
  {
    runtime,
    builtins,
    role,
  }: { readonly runtime: RuntimeModule; readonly builtins: BuiltinSignatures; readonly role: Role | undefined },
): Compiled {
  const entrypoints = units.flatMap(({ name: unit }, i) =>
    (plans[i]?.entrypoints ?? []).map(({ name }) => ({ name, unit })),
  );
  const withheld: Diagnostic[] = [];
  const sources = units.flatMap(({ modules }) => modules);
  const emitted = guard(sources, () => {
    const { policy } = planUnits(plans, builtins);
    checkBlockDepth(policy);
    if (role !== undefined) withheld.push(...checkRole(role, policy, sources, builtins));
    return emitDescribed({ ir: policy, runtime, meta: { compiler: COMPILER, entrypoints, reads: findReads(policy) } });
  });
  if ("diagnostics" in emitted) return emitted;
  if (withheld.length > 0) return { diagnostics: withheld };
  return { module: { ...emitted.value, data: dataText(units) }, diagnostics: [] };
}

function dataText(units: readonly Unit[]): string {
  const [first, ...others] = units;
  if (first !== undefined && others.length === 0) return JSON.stringify(first.data);
  return JSON.stringify(Object.fromEntries(units.map(({ name, data }) => [name, data])));
}

/** What is wrong with a unit, without making a module. */
export function checkUnit(unit: Unit, options: Partial<AnalyzeSettings> = {}): readonly Diagnostic[] {
  return sortDiagnostics(resolveUnit(unit, { print: true, builtins: BUILTINS, ...options }).diagnostics);
}

/**
 * What the mesh would refuse of a unit that nothing binds yet: its rules that have the names of
 * entrypoints, each in the role in which the mesh asks it. Nothing where the unit has other faults.
 */
export function checkOffered(unit: Unit, builtins: BuiltinSignatures = BUILTINS): readonly Diagnostic[] {
  const { modules, types } = resolveUnit(unit, { print: false, builtins });
  if (modules === undefined) return [];
  const { root } = makeRuleTree(modules);
  const found = ENTRYPOINTS.flatMap(({ names, direction }) => {
    const wanted = names.filter((name) => checkEntrypoint(unit, root, name).length === 0);
    const entrypoints = wanted.map((name) => planOf(unit.name, name, true));
    const checked = guard(unit.modules, () => {
      const { policy } = planUnits([{ name: undefined, unit: unit.name, modules, entrypoints }], builtins);
      return checkRole(direction, policy, unit.modules, builtins);
    });
    const wrong = wanted.flatMap((name) => checkDecision({ name }, modules, BUILTINS, types));
    return "diagnostics" in checked ? wrong : [...wrong, ...checked.value];
  });
  return sortDiagnostics(found);
}

export type QueryRequest = {
  readonly modules: readonly RegoSource[];
  readonly query: RegoSource;
  readonly data?: JsonObject;
  readonly runtime: RuntimeModule;
  readonly print?: boolean;
  readonly builtins?: BuiltinSignatures;
  /** Types of documents, from JSON schemas. */
  readonly schemas?: Schemas | undefined;
};

export type Planned = { readonly policy?: IrPolicy; readonly diagnostics: readonly Diagnostic[] };

/** The policy of a query, before any code is made of it. */
export function planQueryRequest(request: Omit<QueryRequest, "runtime" | "data">): Planned {
  const { modules, query, print = true, builtins = BUILTINS, schemas } = request;
  const policy = analyzeSources(modules, { print, builtins, schemas });
  const { body, ...asked } = resolveQuery(query, policy, { builtins, print });
  const diagnostics = sortDiagnostics([...policy.diagnostics, ...asked.diagnostics]);
  if (policy.modules === undefined || body === undefined || hasErrors(diagnostics)) return { diagnostics };
  const { modules: known } = policy;
  const planned = guard([query, ...modules], () => planQuery(known, body, builtins));
  return "diagnostics" in planned ? planned : { policy: planned.value, diagnostics };
}

/**
 * A module whose entrypoint `eval` gives one object for each answer of the query: its
 * named variables and their values. Base documents may stand where rules do; rules win.
 */
export function compileQuery(request: QueryRequest): Compiled {
  const { modules, query, data = {}, runtime } = request;
  const { policy: ir, diagnostics } = planQueryRequest(request);
  if (ir === undefined) return { diagnostics };
  const entrypoints = [{ name: "eval", unit: "" }];
  const emitted = guard([query, ...modules], () => {
    checkBlockDepth(ir);
    return emitDescribed({ ir, runtime, meta: { compiler: COMPILER, entrypoints, reads: findReads(ir) } });
  });
  if ("diagnostics" in emitted) return emitted;
  return { module: { ...emitted.value, data: JSON.stringify(data) }, diagnostics };
}

function resolveQuery(
  query: RegoSource,
  { modules, types }: Resolved,
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

type Resolved = {
  readonly modules: readonly Module[] | undefined;
  /** What the modules' rules give; there where they are. */
  readonly types?: RuleTypes | undefined;
  readonly diagnostics: readonly Diagnostic[];
};

export type AnalyzeSettings = {
  readonly print: boolean;
  readonly builtins: BuiltinSignatures;
  /** Also refuse what is unused, as `opa check --strict` does. */
  readonly strict?: boolean;
  /** Types of documents, from JSON schemas. */
  readonly schemas?: Schemas | undefined;
  /** What is done to the parsed modules first. */
  readonly prepare?: (modules: readonly Module[]) => readonly Module[];
};

function resolveUnit(unit: Unit, settings: AnalyzeSettings): Resolved {
  const { modules, types, diagnostics } = analyzeSources(unit.modules, settings);
  if (modules === undefined) return { modules, diagnostics };
  return { modules, types, diagnostics: [...diagnostics, ...checkRulePaths(unit, makeRuleTree(modules).root)] };
}

/** The resolved modules of the sources; none where one has an error. */
export function analyzeSources(sources: readonly RegoSource[], settings: AnalyzeSettings): Resolved {
  const parsed = sources.map((source): ParsedModule => {
    const result = guard([source], () => parseModule(source));
    return "value" in result ? result.value : result;
  });
  const faults = parsed.flatMap(({ diagnostics }) => diagnostics);
  if (hasErrors(faults)) return { modules: undefined, diagnostics: faults };
  const written = parsed.flatMap(({ module }) => (module === undefined ? [] : [module]));
  const modules = settings.prepare?.(written) ?? written;
  const analyzed = guard(sources, () => analyze({ modules, ...settings }));
  if ("diagnostics" in analyzed) return { modules: undefined, diagnostics: [...faults, ...analyzed.diagnostics] };
  const diagnostics = [...faults, ...analyzed.value.diagnostics];
  if (hasErrors(diagnostics)) return { modules: undefined, diagnostics };
  return { modules: analyzed.value.modules, types: analyzed.value.types, diagnostics };
}
