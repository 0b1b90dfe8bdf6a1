/**
 * A query compiled against resolved modules. Its named variables are what an answer binds:
 * those of its outermost level, `x` or `x#1`; wildcards and generated ones begin with `$`.
 */
import { type Diagnostic, hasErrors, type Location, sortDiagnostics } from "@regomesh/base";
import { BUILTINS, type BuiltinSignatures } from "../builtins/table.ts";
import type * as Resolved from "../resolved/ast.ts";
import { makeRuleTree } from "../resolved/rule-tree.ts";
import type { Body, Expr, Import, Term, What } from "../syntax/ast.ts";
import type { RegoVersion } from "../syntax/version.ts";
import { checkQuery, type RuleTypes } from "../types/check-rules.ts";
import { checkBodyCalls, makeCallables } from "./check-calls.ts";
import { typeRules } from "./check-types.ts";
import { checkModifiers } from "./check-with.ts";
import { freshVar, type RewriteContext } from "./context.ts";
import { collectGlobals, type Exports } from "./names.ts";
import type { Arity } from "./outputs.ts";
import { closeScope, makeRewriter, rewriteBody } from "./rewrite-body.ts";
import { addImplicit } from "./rewrite-term.ts";
import { orderQuery } from "./safety.ts";
import { declaredNames, type Scope } from "./scope.ts";
import { toResolvedBody } from "./to-resolved.ts";
import { eachTerm, termsOfExpr } from "./tree.ts";

export type AnalyzeQueryOptions = {
  readonly modules: readonly Resolved.Module[];
  readonly builtins?: BuiltinSignatures;
  /** What the modules' rules give, where that is known already. */
  readonly types?: RuleTypes;
  /** The query may use the names of this package's rules; without `data`. */
  readonly package?: readonly string[];
  readonly imports?: readonly Import[];
  readonly print?: boolean;
  /** The language of the query; v1 unless it says otherwise. */
  readonly version?: RegoVersion;
};

export type QueryAnalysis = { readonly body?: Resolved.Body; readonly diagnostics: readonly Diagnostic[] };

export function analyzeQuery(body: Body, options: AnalyzeQueryOptions): QueryAnalysis {
  const { modules, builtins = BUILTINS, print = false } = options;
  const diagnostics: Diagnostic[] = [];
  const path = options.package ?? [];
  const exports = options.package === undefined ? new Map() : resolvedExports(modules, options.package);
  const globals = collectGlobals(path, options.imports ?? [], exports);
  const isLenient = options.version === "v0";
  const counter = { locals: 0, generated: 0 };
  const root = makeRuleTree(modules);
  const callables = makeCallables(root, builtins);
  const context: RewriteContext = {
    builtins,
    print,
    strict: false,
    mayShadow: isLenient,
    globals,
    diagnostics,
    minor: diagnostics,
    isDocument: (path) => path[0] === "data" && callables.isRule(path) && callables.arity(path) === undefined,
    metadata: () => undefined,
    counter,
  };
  const rewritten = rewriteQuery(context, body);
  if (hasErrors(diagnostics)) return { diagnostics: sortDiagnostics(diagnostics) };
  const calls = { callables, builtins, diagnostics, late: diagnostics, mayDeprecated: isLenient };
  const modified = checkBodyCalls(rewritten, calls);
  for (const expr of modified) checkModifiers(expr, { root, builtins, diagnostics });
  if (hasErrors(diagnostics)) return { diagnostics: sortDiagnostics(diagnostics) };
  const [only] = rewritten;
  const isOne = rewritten.length === 1 && only !== undefined && !iterates(only, builtins);
  const captured = isOne ? [captureValue(context, only, callables.arity)] : rewritten;
  const inOrder = orderQuery(captured, callables.arity, diagnostics, counter);
  if (hasErrors(diagnostics)) return { diagnostics: sortDiagnostics(diagnostics) };
  const ordered = toResolvedBody(inOrder);
  diagnostics.push(...checkQuery(ordered, options.types ?? typeRules(root, builtins)));
  if (hasErrors(diagnostics)) return { diagnostics: sortDiagnostics(diagnostics) };
  return { body: ordered, diagnostics };
}

/** A reference with a variable in its brackets, or a relation, may have several answers. */
function iterates(expr: Expr, builtins: BuiltinSignatures): boolean {
  let found = expr.what.kind === "call" && builtins.resolve(expr.what.operator.path.join("."))?.isRelation === true;
  for (const term of termsOfExpr(expr)) {
    eachTerm(term, (part) => {
      if (part.kind === "ref" && part.path.some(({ kind }) => kind === "var")) found = true;
    });
  }
  return found;
}

/** What a query of one expression asks for is its value, which may be false: only what is undefined has no answer. */
function captureValue(context: RewriteContext, expr: Expr, arity: Arity): Expr {
  const { what } = expr;
  if (expr.isNegated) return expr;
  if (what.kind === "term") return { ...expr, what: capture(context, what.at, what.term) };
  if (what.kind !== "call" || arity(what.operator.path) !== what.args.length) return expr;
  if (context.builtins.resolve(what.operator.path.join("."))?.isVoid) return expr;
  return { ...expr, what: capture(context, what.at, { ...what, kind: "call-term" }) };
}

function capture(context: RewriteContext, at: Location, right: Term): What {
  return { kind: "unify", at, left: freshVar(context, at), right };
}

function rewriteQuery(context: RewriteContext, body: Body): Body {
  const scope: Scope = { parent: undefined, names: new Map(), pending: declaredNames(body), mentioned: new Set() };
  addImplicit(context, scope, [], body, (name) => name);
  const rewritten = rewriteBody(makeRewriter(context), scope, body);
  // What a query declares is an answer: it needs no other use.
  for (const local of scope.names.values()) local.isUsed = true;
  closeScope(context, scope);
  return rewritten;
}

/** The names that a package's rules have, from heads that begin at the root. */
function resolvedExports(modules: readonly Resolved.Module[], path: readonly string[]): Exports {
  const names = new Set<string>();
  const wanted = JSON.stringify(path);
  for (const module of modules) {
    if (JSON.stringify(module.package.path) !== wanted) continue;
    for (const { head } of module.rules) {
      const part = head.ref[path.length];
      if (part?.kind === "string") names.add(part.value);
    }
  }
  return new Map([[wanted, names]]);
}
