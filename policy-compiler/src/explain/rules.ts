/**
 * What the rules of a unit did about one input: which held, and of those that were tried and
 * did not the first expression that never held, with the values in it. For people, after the
 * fact: the module that decides has none of this.
 */
import { positionAt } from "@regomesh/base";
import { type HostBuiltins, openEvaluator } from "@regomesh/policy-runtime";
import { eachRulePart } from "../analyze/tree-parts.ts";
import { BUILTINS, type BuiltinSignatures } from "../builtins/table.ts";
import type { RuntimeModule } from "../link/runtime-module.ts";
import { runBack, runFront } from "../pipeline.ts";
import { type PlannedPolicy, planUnits } from "../plan/plan.ts";
import type { TracedRule } from "../plan/planner.ts";
import type { Expr, Rule, Term } from "../resolved/ast.ts";
import { dataName, findNode, isVirtual, type RuleNode } from "../resolved/rule-tree.ts";
import { toDataPath } from "../unit/entrypoint.ts";
import type { Unit } from "../unit/unit.ts";
import { type AskContext, holds, type PartValue, textOf, valuesOf } from "./values.ts";

export type RulesRequest = {
  readonly unit: Unit;
  /** The rule that is asked: `mesh/authz/allow`. */
  readonly entrypoint: string;
  /** JSON text. */
  readonly input: string;
  readonly runtime: RuntimeModule;
  readonly hostBuiltins?: HostBuiltins;
  readonly builtins?: BuiltinSignatures;
};

export type RuleOutcome = {
  /** `data.mesh.authz.allow` */
  readonly path: string;
  readonly file: string;
  /** First and last line of the rule, from 1. */
  readonly row: number;
  readonly endRow: number;
  readonly kind: "fired" | "failed";
  readonly isDefault: boolean;
  /** Of a rule that failed, where that is known. */
  readonly failure?: FailedExpression;
  /** Base documents that its own lines read: `["roles"]` of `data.roles[input.user]`. */
  readonly reads: readonly (readonly string[])[];
};

export type FailedExpression = {
  readonly row: number;
  readonly text: string;
  readonly isNegated: boolean;
  readonly values: readonly Omit<PartValue, "at">[];
};

/** More rules than anyone reads: those that held come first. */
const RULES_MAX = 40;
/** Each is asked by a module of its own. */
const ASKED_MAX = 30;

/** In the order: held, then failed; of each the entrypoint's own first. Empty where the unit does not compile. */
export function explainRules(request: RulesRequest): readonly RuleOutcome[] {
  const { unit, entrypoint, input, runtime, hostBuiltins = {}, builtins = BUILTINS } = request;
  const { modules, root } = runFront({ sources: unit.modules, print: false, builtins }).state;
  if (modules === undefined || root === undefined) return [];
  const asked = toDataPath(entrypoint);
  const plan = {
    name: undefined,
    unit: unit.name,
    root,
    entrypoints: [{ name: entrypoint, path: asked }],
    traced: () => true,
  };
  const { planned, module } = runBack({
    ...{ sources: unit.modules, builtins, runtime, describe: {} },
    makePlan: () => planUnits([plan], builtins),
  }).state;
  if (planned === undefined || module === undefined) return [];
  const data = JSON.stringify(unit.data);
  const evaluator = openEvaluator({ wasm: module.wasm, data, hostBuiltins });
  evaluator.evaluate(entrypoint, input);
  const fired = new Set(evaluator.firedRules());
  const marked = new Set((evaluator.meta?.rules ?? []).flatMap((rule, index) => (fired.has(rule) ? [index] : [])));
  const context = { modules, data, input, runtime, hostBuiltins, builtins };
  const own = dataName(asked);
  const outcomes = sortOutcomes(judge(planned, marked, own), own).slice(0, RULES_MAX);
  let left = ASKED_MAX;
  return outcomes.map(({ path, rule, kind, held }) => {
    const failure = kind === "failed" && left-- > 0 ? failureOf(context, rule, held) : undefined;
    return {
      ...placeOf(path, rule),
      kind,
      isDefault: rule.isDefault,
      ...(failure && { failure }),
      reads: readsOf(rule, root),
    };
  });
}

type Judged = TracedRule & {
  readonly kind: "fired" | "failed";
  /** Expressions that held; undefined where it is not known what did: the rule was passed over by its index. */
  readonly held: ReadonlySet<Expr> | undefined;
};

function judge(
  { rules, entered, expressions }: PlannedPolicy,
  marked: ReadonlySet<number>,
  own: string,
): readonly Judged[] {
  const didFire = new Set([...rules].flatMap(([mark, { rule }]) => (marked.has(mark) ? [rule] : [])));
  const didEnter = new Set([...entered].flatMap(([mark, { rule }]) => (marked.has(mark) ? [rule] : [])));
  const held = new Set([...expressions].flatMap(([mark, { expr }]) => (marked.has(mark) ? [expr] : [])));
  const valued = new Set(
    [...rules.values()].flatMap(({ path, rule }) => (didFire.has(rule) && !rule.isDefault ? [path] : [])),
  );
  const tried = new Set([...entered.values()].flatMap(({ path, rule }) => (didEnter.has(rule) ? [path] : [])));
  const found = new Map([...rules.values(), ...entered.values()].map((each) => [each.rule, each]));
  return [...found.values()].flatMap((each): readonly Judged[] => {
    const { rule, path } = each;
    if (didFire.has(rule)) return [{ ...each, kind: "fired", held }];
    if (rule.isDefault) return [];
    if (didEnter.has(rule)) return [{ ...each, kind: "failed", held }];
    // A rule of a document that has no value was passed over because its index says that it cannot hold.
    return !valued.has(path) && (tried.has(path) || path === own) ? [{ ...each, kind: "failed", held: undefined }] : [];
  });
}

function sortOutcomes(outcomes: readonly Judged[], own: string): readonly Judged[] {
  const rank = ({ kind, path }: Judged) => (kind === "fired" ? 0 : 2) + (path === own ? 0 : 1);
  return [...outcomes].sort((a, b) => rank(a) - rank(b));
}

function failureOf(context: AskContext, rule: Rule, held: ReadonlySet<Expr> | undefined): FailedExpression | undefined {
  const index = held === undefined ? firstFailing(context, rule) : rule.body.findIndex((expr) => !held.has(expr));
  const expr = rule.body[index];
  if (expr === undefined) return undefined;
  return {
    row: positionAt(expr.at.source, expr.at.span.start).row,
    text: textOf(expr.at),
    isNegated: expr.isNegated,
    values: valuesOf(context, rule.body.slice(0, index), expr).map(({ text, value }) => ({ text, value })),
  };
}

function firstFailing(context: AskContext, { body }: Rule): number {
  return body.findIndex((_, at) => holds(context, body.slice(0, at + 1)) === false);
}

function placeOf(path: string, { at }: Rule): Pick<RuleOutcome, "path" | "file" | "row" | "endRow"> {
  const { source, span } = at;
  const { row } = positionAt(source, span.start);
  return {
    path,
    file: source.name,
    row,
    endRow: Math.max(row, positionAt(source, Math.max(span.start, span.end - 1)).row),
  };
}

/** The longest constant path of each reference to data that is no rule's. */
function readsOf(rule: Rule, root: RuleNode): readonly (readonly string[])[] {
  const found = new Map<string, readonly string[]>();
  eachRulePart({ ...rule, else: undefined }, (term: Term) => {
    if (term.kind !== "ref" || term.head.kind !== "var" || term.head.name !== "data") return;
    const path: string[] = [];
    for (const part of term.path) {
      if (part.kind !== "string") break;
      path.push(part.value);
    }
    if (path.length > 0 && !isRuleMade(root, path)) found.set(JSON.stringify(path), path);
  });
  found.delete(JSON.stringify(rule.head.ref.flatMap((part) => (part.kind === "string" ? [part.value] : []))));
  return [...found.values()];
}

/** Whether a rule stands on the way. */
function isRuleMade(root: RuleNode, path: readonly string[]): boolean {
  return path.some((_, at) => {
    const node = findNode(root, path.slice(0, at + 1));
    return node !== undefined && isVirtual(node);
  });
}
