/** Bodies: one expression after the other, each within what those before it made true. */
import type { Body, Expr, What } from "../resolved/ast.ts";
import { planCallExpression } from "./call.ts";
import { irPlace } from "./planner.ts";
import {
  append,
  appendBlock,
  bool,
  enter,
  local,
  newLocal,
  planIsAny,
  planReached,
  planTerm,
  type Site,
  scan,
  toLocal,
} from "./site.ts";
import { planUnify } from "./unify.ts";
import { bindVariable } from "./variables.ts";
import { planWalkPath } from "./walk-path.ts";
import { planWith } from "./with.ts";

export function planBodyHere(site: Site, body: Body): void {
  for (let i = 0; i < body.length; i++) {
    const expr = body[i] as Expr;
    planExpr({ ...site, place: irPlace(site.planner.output, expr.at) }, expr);
  }
}

function planExpr(site: Site, expr: Expr): void {
  if (expr.isNegated) planNot(site, { ...expr, isNegated: false });
  else if (expr.with.length > 0) planWith(site, expr.with, (inner) => planWhat(inner, expr.what));
  else planWhat(site, expr.what);
}

function planWhat(site: Site, what: What): void {
  switch (what.kind) {
    case "term":
      planCondition(site, what);
      break;
    case "call":
      planCallExpression(site, what.operator.path, what.args);
      break;
    case "unify":
      if (!planWalkPath(site, what)) planUnify(site, what.left, what.right);
      break;
    case "every":
      planEvery(site, what);
      break;
    case "body": {
      const reached = planReached(site, (nested) => planBodyHere(nested, what.body));
      append(site, { type: "IsDefinedStmt", stmt: { source: reached } });
      break;
    }
  }
}

function planCondition(site: Site, { term }: Extract<What, { kind: "term" }>): void {
  if (term.kind === "call-term") {
    planCallExpression(site, term.operator.path, term.args);
    return;
  }
  append(site, { type: "NotEqualStmt", stmt: { a: planTerm(site, term), b: bool(false) } });
}

/** Holds if the expression has no answer; nothing that it binds is known outside. */
function planNot(site: Site, positive: Expr): void {
  const nested = enter(site);
  const first = nested.cursor.block;
  planExpr(nested, positive);
  if (nested.cursor.block === first) {
    append(site, { type: "NotStmt", stmt: { block: first } });
    return;
  }
  // It iterates: the end of its first block is reached whether or not there was an answer.
  const found = newLocal(site);
  append(nested, { type: "AssignVarStmt", stmt: { source: bool(true), target: found } });
  append(site, { type: "ResetLocalStmt", stmt: { target: found } });
  append(site, { type: "BlockStmt", stmt: { blocks: [first] } });
  append(site, { type: "IsUndefinedStmt", stmt: { source: found } });
}

function planEvery(site: Site, every: Extract<What, { kind: "every" }>): void {
  const domain = local(toLocal(site, planTerm(site, every.domain)));
  planIsAny(site, domain, ["IsArrayStmt", "IsObjectStmt", "IsSetStmt"]);
  const failed = newLocal(site);
  append(site, { type: "ResetLocalStmt", stmt: { target: failed } });
  appendBlock(site, (nested) => {
    const member = scan(nested, domain);
    if (every.key !== undefined) bindVariable(nested.variables, every.key.name, member.key);
    bindVariable(nested.variables, every.value.name, member.value);
    const reached = planReached(nested, (inner) => planBodyHere(inner, every.body), { isOnce: true });
    append(nested, { type: "IsUndefinedStmt", stmt: { source: reached } });
    append(nested, { type: "AssignVarStmt", stmt: { source: bool(true), target: failed } });
    append(nested, { type: "BreakStmt", stmt: { index: 1 } }); // behind the first that fails no other is looked at
  });
  append(site, { type: "IsUndefinedStmt", stmt: { source: failed } });
}
