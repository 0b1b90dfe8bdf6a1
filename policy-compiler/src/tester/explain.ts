/** Why a test failed: the first expression of its body that never held, and the values in it. */
import type { Location } from "@regomesh/base";
import { type Evaluator, type HostBuiltins, openEvaluator, type RulePlace } from "@regomesh/policy-runtime";
import type { BuiltinSignatures } from "../builtins/table.ts";
import { emitModule } from "../emit/module.ts";
import type { RuntimeModule } from "../link/runtime-module.ts";
import { planQuery } from "../plan/plan.ts";
import type { TracedExpression } from "../plan/planner.ts";
import type { Body, Expr, Module, Term } from "../syntax/ast.ts";
import { parseJson } from "../unit/json.ts";
import type { TestCase } from "./cases.ts";
import type { TestFailure } from "./report.ts";

export type ExplainContext = {
  readonly modules: readonly Module[];
  readonly data: string;
  readonly runtime: RuntimeModule;
  readonly hostBuiltins: HostBuiltins;
  readonly builtins: BuiltinSignatures;
  readonly expressions: ReadonlyMap<number, TracedExpression>;
};

/** Values longer than this are cut. */
const VALUE_LENGTH_MAX = 200;
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
    values: subjectsOf(expr).flatMap((term) => valueFor(context, body.slice(0, index), expr, term)),
    fired: outside.slice(0, FIRED_MAX),
    builtinError,
  };
}

/** The parts of an expression whose values say why it fails; constants say nothing. */
function subjectsOf({ what }: Expr): readonly Term[] {
  switch (what.kind) {
    case "term":
      return [what.term];
    case "call":
      return what.args.filter(isTelling);
    case "assign":
    case "unify":
      return [what.left, what.right].filter(isTelling);
    case "every":
      return [what.domain];
    case "body":
    case "some":
    case "some-in":
      return [];
  }
}

function isTelling({ kind }: Term): boolean {
  return kind === "ref" || kind === "var" || kind === "call-term";
}

type Value = TestFailure["values"][number];

/** The term's value after the expressions that held, asked of a module of its own. */
function valueFor(context: ExplainContext, before: Body, expr: Expr, term: Term): readonly Value[] {
  const { at } = term;
  const asked: Expr = {
    kind: "expr",
    at: expr.at,
    isNegated: false,
    what: { kind: "unify", at, left: { kind: "var", name: VALUE, at }, right: term },
    with: expr.with,
  };
  const results = ask(context, [...before, asked]);
  if (results === undefined) return [];
  const [first] = results;
  const value = first === undefined ? undefined : shorten(JSON.stringify(first[VALUE]));
  return [{ at, text: textOf(at), value }];
}

const VALUE = "value of the part";

function ask(context: ExplainContext, query: Body): readonly Record<string, unknown>[] | undefined {
  const { modules, data, runtime, hostBuiltins, builtins } = context;
  try {
    const wasm = emitModule({ ir: planQuery(modules, query, builtins), runtime });
    const evaluation = openEvaluator({ wasm, data, hostBuiltins }).evaluate("eval", undefined);
    return evaluation.kind === "results" ? (parseJson(evaluation.text) as Record<string, unknown>[]) : undefined;
  } catch {
    return undefined; // an explanation is a help; that it fails must not hide the test's own failure
  }
}

function textOf({ source, span }: Location): string {
  return source.text.slice(span.start, span.end);
}

function shorten(text: string): string {
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX - 1)}…`;
}
