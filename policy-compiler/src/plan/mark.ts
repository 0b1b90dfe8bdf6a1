/** Bodies of rules, and the bits by which a decision knows those that held. */
import type { Expr, Rule } from "../resolved/ast.ts";
import { markOf } from "./planner.ts";
import { append, planBody, type Site } from "./site.ts";

/** Plans the body; what follows at the site is reached when it holds. The rule's bit is set when its head has a value, too. */
export function planRuleBody(site: Site, path: string, rule: Rule): void {
  const { planner } = site;
  if (planner.traced(path)) {
    markEntered(site, path, rule);
    for (const expr of rule.body) {
      planBody(site, [expr]);
      markExpression(site, path, expr);
    }
  } else {
    planBody(site, rule.body);
  }
}

export function markRule(site: Site, path: string, rule: Rule): void {
  const { planner } = site;
  const index = markOf(planner, path, rule.at);
  if (planner.traced(path)) planner.output.rules.set(index, { path, rule });
  append(site, { type: "MarkStmt", stmt: { rule: index } });
}

/** Whether a rule was tried at all: one before it may have given the value. */
function markEntered(site: Site, path: string, rule: Rule): void {
  const { planner } = site;
  const index = markOf(planner, `${path} entered`, rule.at);
  planner.output.entered.set(index, { path, rule });
  append(site, { type: "MarkStmt", stmt: { rule: index } });
}

function markExpression(site: Site, path: string, expr: Expr): void {
  const { planner } = site;
  const index = markOf(planner, `${path} ${expr.at.span.start}-${expr.at.span.end}`, expr.at);
  planner.output.expressions.set(index, { path, expr });
  append(site, { type: "MarkStmt", stmt: { rule: index } });
}
