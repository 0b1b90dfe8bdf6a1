/**
 * Rules of one name must be of one kind: all functions of an arity, all sets, all complete, or
 * all pieces of one document; one default; and nothing below what is one value.
 */
import { type Diagnostic, type Location, positionAt } from "@regomesh/base";
import {
  dataName,
  eachNode,
  findNode,
  hasConstantHead,
  isGroundHead,
  type RuleNode,
  ruleName,
} from "../resolved/rule-tree.ts";
import type { Module, Rule } from "../syntax/ast.ts";
import { printPath, printTermPath } from "../syntax/print-term.ts";
import { makeProblem } from "./problem.ts";

/** `modules` with heads that begin at the root. */
export function checkConflicts(root: RuleNode<Rule>, modules: readonly Module[]): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  let isShared = false;
  for (const node of eachNode(root)) {
    checkNode(node, modules, diagnostics);
    if (node.isPackage && node.rules.length > 0) isShared = true;
  }
  if (isShared) for (const module of modules) checkPackages(root, module, modules, diagnostics);
  return diagnostics;
}

/** A rule with more constant keys than its node, `p[1] := x`, lies below it. */
function liesBelow(rule: Rule): boolean {
  return isGroundHead(rule) && !hasConstantHead(rule);
}

function checkNode(node: RuleNode<Rule>, modules: readonly Module[], diagnostics: Diagnostic[]): void {
  const rules = node.rules.filter((rule) => !liesBelow(rule));
  const [first] = rules;
  if (first === undefined) return;
  const below = findBelow(node, rules);
  if (below.length > 0) {
    const places = [...new Map(below.map((rule) => [ruleName(rule), rule])).values()].slice(0, NAMED_MAX).map(describe);
    const message = `rule ${ruleName(first)} conflicts with: ${places.join(", ")}`;
    report(first, message, [first, ...below], diagnostics);
  } else if (areOfSeveralKinds(rules)) {
    report(first, `conflicting rules ${ruleName(rules.at(-1) as Rule)} found`, rules, diagnostics);
  } else checkDefaults(node, rules, modules, diagnostics);
}

/** What may not stand below: anything below one value, functions below a document made piece by piece. */
function findBelow(node: RuleNode<Rule>, rules: readonly Rule[]): readonly Rule[] {
  const all = [...eachNode(node)].flatMap((other) => (other === node ? other.rules.filter(liesBelow) : other.rules));
  if (rules.some(hasConstantHead)) return all;
  return all.filter(({ head }) => head.args !== undefined);
}

function areOfSeveralKinds(rules: readonly Rule[]): boolean {
  const kinds = new Set(
    rules.map((rule) => {
      const { isSet, args } = rule.head;
      const shape = isSet ? "set" : "value";
      return args === undefined
        ? `${hasConstantHead(rule) ? "whole" : "piece"} ${shape}`
        : `function of ${args.length}`;
    }),
  );
  return kinds.size > 1;
}

function checkDefaults(
  node: RuleNode<Rule>,
  rules: readonly Rule[],
  modules: readonly Module[],
  diagnostics: Diagnostic[],
): void {
  const defaults = rules.filter(({ isDefault }) => isDefault);
  const [first] = defaults;
  if (first === undefined || defaults.length === 1) return;
  const places = defaults.slice(0, NAMED_MAX).map(({ at }) => placeOf(at));
  const message = `multiple default rules ${dataName(node.path)} found at ${places.join(", ")}`;
  const at = packageOf(first, modules);
  const related = defaults.map(({ head }) => ({ at: head.at, message: "here" }));
  diagnostics.push({ ...makeProblem("rego_type_error", at, message), related });
}

function packageOf(rule: Rule, modules: readonly Module[]): Location {
  return modules.find(({ at }) => at.source === rule.at.source)?.package.at ?? rule.head.at;
}

/** No package has the name of a rule. */
function checkPackages(
  root: RuleNode<Rule>,
  module: Module,
  modules: readonly Module[],
  diagnostics: Diagnostic[],
): void {
  for (const rule of module.rules) {
    if (!hasConstantHead(rule)) continue;
    const path = rule.head.ref.map((part) => (part.kind === "string" ? part.value : ""));
    if (!findNode(root, path)?.isPackage) continue;
    const key = JSON.stringify(path);
    const clashing = modules.filter((other) => JSON.stringify(other.package.path) === key);
    for (const other of clashing) {
      const message = `${printPath(["package", ...other.package.path]).replace(".", " ")} conflicts with rule ${nameIn(module, rule)} defined at ${placeOf(rule.at)}`;
      const related = [{ at: rule.head.at, message: "the rule" }];
      const problem = makeProblem("rego_type_error", module.package.at, message, "rename the rule or the package");
      diagnostics.push({ ...problem, related });
    }
  }
}

/** A rule's name as its package has it. */
function nameIn(module: Module, rule: Rule): string {
  const [first, ...rest] = rule.head.ref.slice(module.package.path.length);
  return first?.kind === "string" ? `${first.value}${printTermPath(rest)}` : ruleName(rule);
}

/** Rules that a message names; there may be thousands. */
const NAMED_MAX = 10;

function describe(rule: Rule): string {
  return `rule ${ruleName(rule)} at ${placeOf(rule.at)}`;
}

function placeOf({ source, span }: Location): string {
  return `${source.name}:${positionAt(source, span.start).row}`;
}

function report(first: Rule, message: string, rules: readonly Rule[], diagnostics: Diagnostic[]): void {
  const others = rules.filter((rule) => rule !== first).slice(0, 3);
  const related = others.map((rule) => ({ at: rule.head.at, message: "and here" }));
  diagnostics.push({ ...makeProblem("rego_type_error", first.head.at, message), related });
}
