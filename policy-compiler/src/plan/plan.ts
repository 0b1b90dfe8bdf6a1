/** From resolved modules to OPA's IR: one plan for each question that the module answers. */
import type { BuiltinSignatures } from "../builtins/table.ts";
import type { IrOperand, IrPolicy } from "../ir/policy.ts";
import type { Body, Module } from "../resolved/ast.ts";
import { dataName, eachNode, isFunction, makeRuleTree, partsOfPartials, type RuleNode } from "../resolved/rule-tree.ts";
import { planBodyHere } from "./body.ts";
import { planDataRef } from "./document.ts";
import { AS_WRITTEN, makeGenerations } from "./environment.ts";
import {
  finishPolicy,
  makeOutput,
  type Output,
  type Planner,
  type TracedExpression,
  type TracedRule,
} from "./planner.ts";
import { append, dot, local, makeBlock, newLocal, type OpenBlock, planFirst, type Site, text } from "./site.ts";
import { planTermHere } from "./term.ts";
import { planUnifyOperand } from "./unify.ts";
import { makeVariables, resolveVariable } from "./variables.ts";

export type UnitPlan = {
  /** Key of the unit's part of the data; undefined where the data are the unit's. */
  readonly name: string | undefined;
  /** The unit's name, whatever its data are. */
  readonly unit: string;
  /** Its rules by place. */
  readonly root: RuleNode;
  readonly entrypoints: readonly EntrypointPlan[];
  /** Rules of which every expression is marked, by `data.` name. */
  readonly traced?: (path: string) => boolean;
};

export type EntrypointPlan = {
  readonly name: string;
  readonly path: readonly string[];
  /** Units of fuel that a decision should not go beyond. */
  readonly budget?: number | undefined;
};

export type PlannedPolicy = {
  readonly policy: IrPolicy;
  /** The marks that stand for expressions, not rules. */
  readonly expressions: ReadonlyMap<number, TracedExpression>;
  /** Of traced rules: the marks that they held, and that they were tried. */
  readonly rules: ReadonlyMap<number, TracedRule>;
  readonly entered: ReadonlyMap<number, TracedRule>;
};

/** Plans the entrypoints of all units, in the order given. */
export function planUnits(units: readonly UnitPlan[], builtins: BuiltinSignatures): PlannedPolicy {
  const output = makeOutput();
  units.forEach((unit, i) => {
    const prefix = unit.name === undefined ? "" : `u${i}.`;
    const planner = makePlanner(output, { ...unit, prefix }, builtins);
    for (const entrypoint of unit.entrypoints) planEntrypoint(planner, unit.name, entrypoint);
  });
  const policy = finishPolicy(output);
  return { policy, expressions: output.expressions, rules: output.rules, entered: output.entered };
}

/** Plans a query: the plan `eval` gives an object of the query's named variables for each answer. */
export function planQuery(modules: readonly Module[], query: Body, builtins: BuiltinSignatures): IrPolicy {
  const output = makeOutput();
  const planner = makePlanner(output, { prefix: "", unit: "", root: makeRuleTree(modules) }, builtins);
  const { site, block } = makePlanSite(planner);
  planBodyHere(site, query);
  const bindings = [...site.variables.bound].flatMap(([name]) => {
    const operand = resolveVariable(site.variables, name);
    return operand === undefined || name.startsWith("$") ? [] : [{ name: name.replace(/#\d+$/, ""), operand }];
  });
  addResult(site, bindings);
  output.plans.push({ name: "eval", blocks: [block] });
  return finishPolicy(output);
}

type PlannedUnit = Pick<UnitPlan, "unit" | "root" | "traced"> & Pick<Planner, "prefix">;

function makePlanner(
  output: Output,
  { prefix, unit, root, traced }: PlannedUnit,
  builtins: BuiltinSignatures,
): Planner {
  return {
    output,
    prefix,
    unit,
    tree: root,
    partsOfPartials: partsOfPartials(root),
    functions: functionsOf(root),
    builtins,
    generations: makeGenerations(),
    constructs: { term: planTermHere, body: planBodyHere, unifyOperand: planUnifyOperand },
    traced: traced ?? (() => false),
  };
}

function functionsOf(tree: RuleNode): ReadonlyMap<string, RuleNode> {
  const functions = new Map<string, RuleNode>();
  for (const node of eachNode(tree)) if (isFunction(node)) functions.set(dataName(node.path), node);
  return functions;
}

function planEntrypoint(planner: Planner, unit: string | undefined, { name, path }: EntrypointPlan): void {
  const { site: whole, block } = makePlanSite(planner);
  const site = unit === undefined ? whole : { ...whole, data: unitData(whole, unit) };
  const operand = planDataRef(
    site,
    path.map((part) => ({ kind: "name", name: part })),
  );
  addResult(site, [{ name: "result", operand }]);
  planner.output.plans.push({ name, blocks: [block] });
}

/** A unit sees its own part of the data only. */
function unitData(site: Site, unit: string): number {
  return planFirst(site, [
    (nested) => dot(nested, local(nested.data), text(nested, unit)),
    (nested) => {
      const target = newLocal(nested);
      append(nested, { type: "MakeObjectStmt", stmt: { target } });
      return local(target);
    },
  ]);
}

function makePlanSite(planner: Planner): { readonly site: Site; readonly block: OpenBlock } {
  const block = makeBlock();
  const site: Site = {
    planner,
    frame: { next: 2 },
    environment: AS_WRITTEN,
    passed: new Map(),
    input: 0,
    data: 1,
    variables: makeVariables(),
    place: {},
    cursor: { block, depth: 0 },
  };
  return { site, block };
}

type Binding = { readonly name: string; readonly operand: IrOperand };

function addResult(site: Site, bindings: readonly Binding[]): void {
  const object = newLocal(site);
  append(site, { type: "MakeObjectStmt", stmt: { target: object } });
  for (const { name, operand } of bindings) {
    append(site, { type: "ObjectInsertStmt", stmt: { key: text(site, name), value: operand, object } });
  }
  append(site, { type: "ResultSetAddStmt", stmt: { value: object } });
}
