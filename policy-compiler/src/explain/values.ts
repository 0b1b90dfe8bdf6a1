/** Why an expression does not hold: the values of its parts, asked of the policy itself in modules of their own. */
import type { Location } from "@regomesh/base";
import { type HostBuiltins, openEvaluator } from "@regomesh/policy-runtime";
import type { BuiltinSignatures } from "../builtins/table.ts";
import { emitModule } from "../emit/module.ts";
import type { RuntimeModule } from "../link/runtime-module.ts";
import { planQuery } from "../plan/plan.ts";
import type { Body, Expr, Module, Term } from "../resolved/ast.ts";
import { parseJson } from "../unit/json.ts";

export type AskContext = {
  readonly modules: readonly Module[];
  /** JSON text. */
  readonly data: string;
  /** JSON text; absent is Rego's undefined. */
  readonly input?: string;
  readonly runtime: RuntimeModule;
  readonly hostBuiltins: HostBuiltins;
  readonly builtins: BuiltinSignatures;
};

/** A part of an expression; `value` is JSON text, and undefined where the part is. */
export type PartValue = { readonly at: Location; readonly text: string; readonly value: string | undefined };

/** Values longer than this are cut. */
const VALUE_LENGTH_MAX = 200;

/** The values of an expression's parts after the expressions that held before it. */
export function valuesOf(context: AskContext, before: Body, expr: Expr): readonly PartValue[] {
  return subjectsOf(expr).flatMap((term) => valueFor(context, before, expr, term));
}

/** Whether a body has an answer; undefined where it cannot be asked alone, as that of a function. */
export function holds(context: AskContext, body: Body): boolean | undefined {
  const results = ask(context, body);
  return results === undefined ? undefined : results.length > 0;
}

/** The parts of an expression whose values say why it fails; constants say nothing. */
function subjectsOf({ what }: Expr): readonly Term[] {
  switch (what.kind) {
    case "term":
      return [what.term];
    case "call":
      return what.args.filter(isTelling);
    case "unify":
      return [what.left, what.right].filter(isTelling);
    case "every":
      return [what.domain];
    case "body":
      return [];
  }
}

function isTelling({ kind }: Term): boolean {
  return kind === "ref" || kind === "var" || kind === "call-term";
}

/** The term's value after the expressions that held, asked of a module of its own. */
function valueFor(context: AskContext, before: Body, expr: Expr, term: Term): readonly PartValue[] {
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

function ask(context: AskContext, query: Body): readonly Record<string, unknown>[] | undefined {
  const { modules, data, input, runtime, hostBuiltins, builtins } = context;
  try {
    const wasm = emitModule({ ir: planQuery(modules, query, builtins), runtime });
    const evaluation = openEvaluator({ wasm, data, hostBuiltins }).evaluate("eval", input);
    return evaluation.kind === "results" ? (parseJson(evaluation.text) as Record<string, unknown>[]) : undefined;
  } catch {
    return undefined; // an explanation is a help; that it fails must not hide what it is about
  }
}

export function textOf({ source, span }: Location): string {
  return source.text.slice(span.start, span.end);
}

function shorten(text: string): string {
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX - 1)}…`;
}
