/** Why a test failed: the first expression of its body that never held, and the values in it. */
import type { Evaluator, RulePlace } from "@regomesh/policy-runtime";
import { type AskContext, textOf, valuesOf } from "../explain/values.ts";
import type { TracedExpression } from "../plan/planner.ts";
import type { Expr } from "../syntax/ast.ts";
import type { TestCase } from "./cases.ts";
import type { TestFailure } from "./report.ts";

export type ExplainContext = AskContext & { readonly expressions: ReadonlyMap<number, TracedExpression> };

const FIRED_MAX = 5;

/** Explains the last evaluation of the evaluator, which was that of the test. */
export function explainFailure(
  context: ExplainContext,
  evaluator: Evaluator,
  { test, builtinError }: { readonly test: TestCase; readonly builtinError: string | undefined },
): TestFailure | undefined {
  const rules = evaluator.meta?.rules ?? [];
  const fired = new Set(evaluator.firedRules());
  const held = new Set<Expr>();
  const outside: RulePlace[] = [];
  rules.forEach((rule, index) => {
    if (!fired.has(rule)) return;
    const traced = context.expressions.get(index);
    if (traced !== undefined) held.add(traced.expr);
    else if (rule.file !== test.rule.at.source.name) outside.push(rule);
  });
  const { body } = test.rule;
  const index = body.findIndex((expr) => !held.has(expr));
  const expr = body[index];
  if (expr === undefined) return undefined;
  return {
    at: expr.at,
    text: textOf(expr.at),
    isNegated: expr.isNegated,
    values: valuesOf(context, body.slice(0, index), expr),
    fired: outside.slice(0, FIRED_MAX),
    builtinError,
  };
}
