/** Rules of one name must be of one kind: all functions of an arity, all sets, or none of these; and one default. */
import type { Diagnostic } from "@regomesh/base";
import type { Rule } from "../syntax/ast.ts";
import { makeProblem } from "./problem.ts";
import { eachNode, hasConstantHead, nodeName, type RuleNode, ruleName } from "./rule-index.ts";

export function checkConflicts(root: RuleNode): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const node of eachNode(root)) {
    if (node.rules.length === 0) continue;
    checkKinds(node, diagnostics);
    checkDefaults(node, diagnostics);
    checkBelow(node, diagnostics);
  }
  return diagnostics;
}

function checkKinds(node: RuleNode, diagnostics: Diagnostic[]): void {
  const whole = node.rules.filter(hasConstantHead);
  const kinds = new Set(whole.map(kindOf));
  const first = whole[0];
  if (first === undefined) return;
  const isObject = node.rules.length > whole.length;
  // A complete rule may stand beside an object's: `p["a"] := 1` and `p[x] := y` are one document. A set may not.
  const clashes = kinds.size > 1 || (isObject && (first.head.isSet || first.head.args !== undefined));
  if (clashes) report(node.rules[0] as Rule, `conflicting rules ${nodeName(node)} found`, node.rules, diagnostics);
}

function kindOf({ head }: Rule): string {
  if (head.args !== undefined) return `function of ${head.args.length}`;
  return head.isSet ? "set" : "complete";
}

function checkDefaults(node: RuleNode, diagnostics: Diagnostic[]): void {
  const defaults = node.rules.filter(({ isDefault }) => isDefault);
  for (const rule of defaults) {
    if (hasConstantHead(rule)) continue;
    const message = "default rules must not have variables in the head";
    diagnostics.push(makeProblem("rego_compile_error", rule.head.at, message, `name one document: ${nodeName(node)}`));
  }
  const whole = defaults.filter(hasConstantHead);
  const first = whole[0];
  if (first !== undefined && whole.length > 1) {
    report(first, `multiple default rules ${nodeName(node)} found`, whole, diagnostics);
  }
}

/** A rule that is one value has no rules and no package below it. */
function checkBelow(node: RuleNode, diagnostics: Diagnostic[]): void {
  const first = node.rules.find(hasConstantHead);
  if (first === undefined) return;
  if (node.isPackage) {
    const message = `package ${nodeName(node)} conflicts with rule ${ruleName(first)}`;
    diagnostics.push(makeProblem("rego_type_error", first.at, message, "rename the rule or the package"));
    return;
  }
  if (node.children.size === 0) return;
  const below: Rule[] = [];
  for (const child of eachNode(node)) {
    if (child === node) continue;
    if (child.isPackage) {
      const message = `package ${nodeName(child)} conflicts with rule ${ruleName(first)}`;
      diagnostics.push(makeProblem("rego_type_error", first.at, message, "rename the rule or the package"));
      return;
    }
    below.push(...child.rules);
  }
  const names = [...new Set(below.map(ruleName))];
  report(first, `rule ${ruleName(first)} conflicts with [${names.join(" ")}]`, [first, ...below], diagnostics);
}

function report(first: Rule, message: string, rules: readonly Rule[], diagnostics: Diagnostic[]): void {
  const others = rules.filter((rule) => rule !== first).slice(0, 3);
  const related = others.map((rule) => ({ at: rule.head.at, message: "and here" }));
  diagnostics.push({ ...makeProblem("rego_type_error", first.head.at, message), related });
}
