/**
 * The one order from source to module: whoever compiles, checks, tests or asks goes through these
 * stages, as far as is wanted. A stage that finds an error is the last: what comes after would
 * report its consequences. What a stage throws for text that no module can be made of is a diagnostic.
 */
import { type Diagnostic, hasErrors } from "@regomesh/base";
import type { ModuleReads, Role } from "@regomesh/policy-runtime";
import { analyze } from "./analyze/analyze.ts";
import type { BuiltinSignatures } from "./builtins/table.ts";
import { checkBlockDepth } from "./core/depth.ts";
import { type DescribedModule, emitDescribed, type ModuleSource } from "./emit/module.ts";
import { guard } from "./guard.ts";
import type { RuntimeModule } from "./link/runtime-module.ts";
import type { PassName } from "./optimize/passes.ts";
import type { PlannedPolicy } from "./plan/plan.ts";
import { findReads } from "./plan/reads.ts";
import type * as Resolved from "./resolved/ast.ts";
import type { RuleNode } from "./resolved/rule-tree.ts";
import { checkRole } from "./role/check-role.ts";
import type { Module } from "./syntax/ast.ts";
import { parseModule } from "./syntax/parse.ts";
import type { RegoSource } from "./syntax/version.ts";
import type { RuleTypes } from "./types/check-rules.ts";
import type { Schemas } from "./types/schemas.ts";
import { checkRulePaths } from "./unit/rule-paths.ts";
import type { Unit } from "./unit/unit.ts";

export type AnalyzeSettings = {
  readonly print: boolean;
  readonly builtins: BuiltinSignatures;
  /** Also refuse what is unused, as `opa check --strict` does. */
  readonly strict?: boolean;
  /** Errors of built-ins are to end an evaluation: what OPA evaluates before them is then evaluated before them. */
  readonly errorsEnd?: boolean;
  /** Types of documents, from JSON schemas. */
  readonly schemas?: Schemas | undefined;
  /** What is done to the parsed modules first. */
  readonly prepare?: (modules: readonly Module[]) => readonly Module[];
};

/** Modules that see each other. */
export type Front = AnalyzeSettings & {
  readonly sources: readonly RegoSource[];
  /** Whose data the rules must not stand in the way of. */
  readonly unit?: Unit;
  readonly parsed?: readonly Module[];
  readonly modules?: readonly Resolved.Module[];
  /** The modules' rules by place. */
  readonly root?: RuleNode | undefined;
  readonly types?: RuleTypes | undefined;
};

/** What becomes one module. */
export type Back = {
  /** What diagnostics point into. */
  readonly sources: readonly RegoSource[];
  readonly builtins: BuiltinSignatures;
  readonly role?: Role | undefined;
  readonly without?: ReadonlySet<PassName> | undefined;
  readonly makePlan: () => PlannedPolicy;
  readonly describe: Omit<NonNullable<ModuleSource["meta"]>, "reads">;
  readonly runtime?: RuntimeModule;
  readonly planned?: PlannedPolicy;
  readonly reads?: ModuleReads;
  readonly module?: DescribedModule;
};

type Found<State> = { readonly state: Partial<State>; readonly diagnostics?: readonly Diagnostic[] };
type Stage<State> = { readonly name: string; readonly run: (state: State) => Found<State> };

const FRONT_STAGES: readonly Stage<Front>[] = [
  { name: "parse", run: parseAll },
  { name: "prepare", run: ({ parsed = [], prepare }) => ({ state: { parsed: prepare?.(parsed) ?? parsed } }) },
  { name: "analyze", run: analyzeAll },
  { name: "check the rules' paths against the data", run: checkPaths },
];

const BACK_STAGES: readonly Stage<Back>[] = [
  { name: "plan", run: ({ makePlan }) => ({ state: { planned: makePlan() } }) },
  { name: "check how deeply blocks nest", run: checkDepth },
  { name: "check what the role offers", run: checkOffers },
  { name: "find what is read", run: ({ planned }) => ({ state: { reads: findReads(policyOf(planned)) } }) },
  { name: "emit and link", run: emit },
];

export type Run<State> = { readonly state: State; readonly diagnostics: readonly Diagnostic[] };

export function runFront(front: Front): Run<Front> {
  return runStages(FRONT_STAGES, front);
}

/** To the end where there is a runtime to link with, otherwise to what is known of the plan. */
export function runBack(back: Back): Run<Back> {
  const stages = back.runtime === undefined ? BACK_STAGES.slice(0, -1) : BACK_STAGES;
  return runStages(stages, back);
}

function runStages<State extends { readonly sources: readonly RegoSource[] }>(
  stages: readonly Stage<State>[],
  start: State,
): Run<State> {
  let state = start;
  const diagnostics: Diagnostic[] = [];
  for (const { run } of stages) {
    const before = state;
    const done = guard(state.sources, () => run(before));
    if ("diagnostics" in done) return { state, diagnostics: [...diagnostics, ...done.diagnostics] };
    diagnostics.push(...(done.value.diagnostics ?? []));
    if (hasErrors(diagnostics)) return { state, diagnostics };
    state = { ...state, ...done.value.state };
  }
  return { state, diagnostics };
}

/** Each source by itself: what is wrong with one does not hide another's faults. */
function parseAll({ sources }: Front): Found<Front> {
  const parsed: Module[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const source of sources) {
    const result = guard([source], () => parseModule(source));
    const { module, diagnostics: found } = "value" in result ? result.value : { ...result, module: undefined };
    diagnostics.push(...found);
    if (module !== undefined) parsed.push(module);
  }
  return { state: { parsed }, diagnostics };
}

function analyzeAll({ parsed = [], ...settings }: Front): Found<Front> {
  const { print, builtins, strict = false, errorsEnd = false, schemas } = settings;
  const { modules, root, types, diagnostics } = analyze({
    modules: parsed,
    print,
    builtins,
    strict,
    errorsEnd,
    schemas,
  });
  return { state: modules === undefined ? {} : { modules, root, types }, diagnostics };
}

function checkPaths({ unit, root }: Front): Found<Front> {
  return { state: {}, diagnostics: unit === undefined || root === undefined ? [] : checkRulePaths(unit, root) };
}

function checkDepth({ planned }: Back): Found<Back> {
  checkBlockDepth(policyOf(planned));
  return { state: {} };
}

function checkOffers({ role, planned, sources, builtins }: Back): Found<Back> {
  if (role === undefined) return { state: {} };
  return { state: {}, diagnostics: checkRole(role, policyOf(planned), sources, builtins) };
}

function emit({ planned, runtime, describe, reads, without }: Back): Found<Back> {
  if (runtime === undefined) throw new Error("a module is linked with a runtime");
  const meta = reads === undefined ? describe : { ...describe, reads };
  return { state: { module: emitDescribed({ ir: policyOf(planned), runtime, meta, without }) } };
}

function policyOf(planned: PlannedPolicy | undefined): PlannedPolicy["policy"] {
  if (planned === undefined) throw new Error("what is not planned cannot be looked at");
  return planned.policy;
}
