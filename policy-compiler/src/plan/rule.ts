/** Rules that have one value: complete documents and functions, with their defaults and `else`. */
import type { IrFunc, IrOperand } from "../ir/policy.ts";
import type { Rule, Term } from "../resolved/ast.ts";
import { earlyValue, hasWith, othersOf } from "../resolved/early-exit.ts";
import { dataName, findNode, type RuleNode } from "../resolved/rule-tree.ts";
import { linksOf } from "../syntax/rule-links.ts";
import type { Environment } from "./environment.ts";
import { callUnitFunc, type FuncSite, finishFunc, makeFuncSite, nextBlock } from "./func.ts";
import { markRule, planRuleBody } from "./mark.ts";
import { mayMatch } from "./parameters.ts";
import { isPartial, planPartial } from "./partial.ts";
import { type Planner, requireFunc } from "./planner.ts";
import { openVariables } from "./readiness.ts";
import {
  append,
  appendBlock,
  bool,
  fail,
  local,
  newLocal,
  planBody,
  planReached,
  planTerm,
  type Site,
} from "./site.ts";
import { bindVariable, makeVariables } from "./variables.ts";

/** The document of a node's rules. */
export function callRules(site: Site, node: RuleNode): IrOperand {
  const { planner, environment } = site;
  const isPiece = findNode(planner.tree, node.path)?.rules.length !== node.rules.length;
  const name = funcName(planner, environment, `${dataName(node.path)}${isPiece ? "[piece]" : ""}`);
  requireFunc(site, name, () => planNode(planner, environment, name, node));
  return callUnitFunc(site, name, []);
}

/** The value of one rule and its `else` links, as a function of its own. */
function callChain(site: Site, path: readonly string[], rule: Rule): IrOperand {
  const { planner, environment } = site;
  const { source, span } = rule.at;
  const name = funcName(planner, environment, `${dataName(path)}[${source.name}:${span.start}]`);
  requireFunc(site, name, () => planCompleteAt(makeFuncSite(planner, environment, []), name, { path, rules: [rule] }));
  return callUnitFunc(site, name, []);
}

/**
 * The document of a node's rules as far as some of its keys are known, by their place below
 * the node: whatever lies at other keys is left out, and not evaluated.
 */
export function callKeyed(site: Site, node: RuleNode, keys: readonly (IrOperand | undefined)[]): IrOperand {
  const { planner, environment } = site;
  const known = keys.map((key) => key !== undefined);
  const mask = known.map((isKnown) => (isKnown ? "k" : "_")).join("");
  const name = funcName(planner, environment, `${dataName(node.path)}[${mask}]`);
  const args = keys.filter((key) => key !== undefined);
  requireFunc(site, name, () => {
    const func = makeFuncSite(planner, environment, args);
    let next = 0;
    const operands = known.map((isKnown) => (isKnown ? func.args[next++] : undefined));
    return planPartial(name, func, node, { callRules, callChain, keys: operands });
  });
  return callUnitFunc(site, name, args);
}

/** Calls a function of the policy; `args` are as many as it has parameters. */
export function callFunction(site: Site, { path, rules }: RuleNode, args: readonly IrOperand[]): IrOperand {
  const { planner, environment } = site;
  const name = funcName(planner, environment, `${dataName(path)}()`);
  requireFunc(site, name, () =>
    planComplete(makeFuncSite(planner, environment, args), { name, path: dataName(path), rules, mayEnd: true }),
  );
  return callUnitFunc(site, name, args);
}

function funcName(planner: Planner, environment: Environment, name: string): string {
  return `${planner.prefix}g${environment.generation}.${name}`;
}

function planNode(planner: Planner, environment: Environment, name: string, node: RuleNode): IrFunc {
  const func = makeFuncSite(planner, environment, []);
  if (isPartial(node)) return planPartial(name, func, node, { callRules, callChain, keys: [] });
  return planCompleteAt(func, name, node);
}

/** The value of rules without variables in their heads, at a place of the tree. */
function planCompleteAt(func: FuncSite, name: string, { path, rules }: Pick<RuleNode, "path" | "rules">): IrFunc {
  const { tree, partsOfPartials } = func.site.planner;
  const node = findNode(tree, path);
  const mayEnd = node === undefined || !partsOfPartials.has(node);
  return planComplete(func, { name, path: dataName(path), rules, mayEnd });
}

/** `mayEnd`: no further body need hold once the value is known. */
type Complete = {
  readonly name: string;
  readonly path: string;
  readonly rules: readonly Rule[];
  readonly mayEnd: boolean;
};

function planComplete(func: FuncSite, { name, path, rules, mayEnd }: Complete): IrFunc {
  const chains = rules.filter((rule) => !rule.isDefault);
  planChains(func, path, chains, mayEnd);
  for (const rule of rules) {
    if (!rule.isDefault) continue;
    const site = nextBlock(func);
    append(site, { type: "IsUndefinedStmt", stmt: { source: func.result } });
    markRule(site, path, rule);
    append(site, { type: "AssignVarStmt", stmt: { source: planTerm(site, rule.head.value), target: func.result } });
  }
  return finishFunc(name, func);
}

function planChains(func: FuncSite, path: string, rules: readonly Rule[], mayEnd: boolean): void {
  const value = newLocal(func.site);
  const early = mayEnd && earlyValue(rules);
  const all = rules.flatMap(linksOf);
  const links = all.some(({ needs }) => needs !== undefined) ? all : [];
  for (const rule of rules) planChain(func, { path, rule }, { value, early, links });
}

type Chain = { readonly path: string; readonly rule: Rule };
/** `links` are those of all rules, where rules may be left out that would stand in the way of an early end. */
type Target = { readonly value: number; readonly early: boolean; readonly links: readonly Rule[] };

/** A rule and its `else` links: the first that holds gives the value, which must be that of every other chain. */
function planChain(func: FuncSite, chain: Chain, target: Target): void {
  const links = linksOf(chain.rule);
  planLinks(func, chain, links, target);
  const last = nextBlock(func);
  append(last, { type: "IsDefinedStmt", stmt: { source: target.value } });
  append(last, { type: "AssignVarOnceStmt", stmt: { source: local(target.value), target: func.result } });
  if (!links.some(({ body }) => hasWith(body))) return;
  if (target.early) append(last, { type: "ReturnLocalStmt", stmt: { source: target.value } });
  else if (earlyValue([chain.rule])) planEarlyEnd(last, func, chain.rule, target);
}

function planLinks(func: FuncSite, { path, rule }: Chain, links: readonly Rule[], target: Target): void {
  const { value, early } = target;
  for (const link of links) {
    const site = nextBlock(func);
    if (link === links[0]) append(site, { type: "ResetLocalStmt", stmt: { target: value } });
    else append(site, { type: "IsUndefinedStmt", stmt: { source: value } });
    bindArguments(site, func, link.head.args ?? rule.head.args ?? []);
    planRuleBody(site, path, link);
    const source = planTerm(site, link.head.value);
    markRule(site, path, link);
    append(site, { type: "AssignVarOnceStmt", stmt: { source, target: value } });
    if (early) append(site, { type: "ReturnLocalStmt", stmt: { source: value } });
    else if (!hasWith(link.body)) planEarlyEnd(site, func, link, target);
  }
}

/** The value is the answer where all rules of other values are left out. */
function planEarlyEnd(site: Site, func: FuncSite, link: Rule, { value, links }: Target): void {
  const others = links.length === 0 ? undefined : othersOf(link, links);
  if (others === undefined) return;
  appendBlock(site, (nested) => {
    for (const { head, needs = [] } of others) {
      const variables = makeVariables(func.site.variables);
      const isThere = planReached({ ...nested, variables }, (inner) => {
        bindArguments(inner, func, head.args ?? link.head.args ?? []);
        planBody(inner, needs);
      });
      append(nested, { type: "IsUndefinedStmt", stmt: { source: isThere } });
    }
    append(nested, { type: "ReturnLocalStmt", stmt: { source: value } });
  });
}

function bindArguments(site: Site, func: FuncSite, args: readonly Term[]): void {
  if (!mayMatch(args)) {
    for (const arg of args)
      for (const name of openVariables(arg, new Set())) bindVariable(site.variables, name, bool(true));
    fail(site);
    return;
  }
  args.forEach((arg, i) => {
    site.planner.constructs.unifyOperand(site, func.args[i] as IrOperand, arg);
  });
}
