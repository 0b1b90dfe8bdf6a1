/** Rules: the head from the root of `data`, arguments as variables, each link of the chain with a scope of its own. */
import type { Body, Expr, Head, Rule, Term, Variable } from "../syntax/ast.ts";
import { isScalar } from "../syntax/ground.ts";
import { toChain } from "../syntax/rule-links.ts";
import { hideBuiltins } from "./called.ts";
import { freshName, freshVar, type RewriteContext, report } from "./context.ts";
import { makeString } from "./names.ts";
import { closeArguments, closeScope, makeRewriter, rewriteBody } from "./rewrite-body.ts";
import { addImplicit, rewriteTerm, rewriteTerms } from "./rewrite-term.ts";
import type { Rewriter } from "./rewriter.ts";
import { declaredNames, type Local, patternVariables, type Scope } from "./scope.ts";
import { eachTerm, eachVariable } from "./tree.ts";

export function rewriteRule(context: RewriteContext, packagePath: readonly string[], rule: Rule): Rule {
  const rewriter = makeRewriter(context);
  const args = rule.head.args === undefined ? undefined : rewriteArgs(rewriter, rule.head.args);
  const links: Rule[] = [];
  for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
    const own = link === rule ? rewriter : { ...rewriter, context: { ...context, link } };
    links.push(rewriteLink(own, packagePath, link, args));
  }
  if (args !== undefined) closeArguments(context, args.locals);
  return toChain(links);
}

type Args = {
  readonly terms: readonly Term[];
  readonly locals: ReadonlyMap<string, Local>;
  /** What an argument must be evaluated for, and the variable that stands for it. */
  readonly moved: readonly (readonly [variable: Variable, term: Term])[];
};

/**
 * Every variable in the patterns is one of the rule; a name that repeats is one variable. An
 * argument that is no pattern (`f(input.x)`) is compared with in the body. A set is one, though it
 * binds nothing: its variables are the rule's.
 */
function rewriteArgs(rewriter: Rewriter, args: readonly Term[]): Args {
  const { context } = rewriter;
  const moved: (readonly [Variable, Term])[] = [];
  const patterns = args.map((arg) => splitPattern(context, arg, moved));
  const bound = new Set(patterns.flatMap(patternVariables).map(({ name }) => name));
  const locals = new Map<string, Local>();
  const declareArgument = ({ name, at }: Variable): void => {
    if (name === "_" || name.startsWith("$") || locals.has(name)) return;
    const isBound = bound.has(name);
    // What keys of an object read of them is none of the rule's variables.
    if (!isBound && (name === "input" || name === "data")) return;
    const how = isBound ? "argument" : "unbound";
    locals.set(name, { name: freshName(context, name), how, at, isUsed: false });
  };
  for (const pattern of patterns) eachVariable(pattern, declareArgument);
  const scope: Scope = { parent: undefined, names: new Map(locals), pending: new Set(), mentioned: new Set() };
  const terms = patterns.map((pattern) => rewriteTerm(rewriter, scope, pattern));
  for (const local of locals.values()) local.isUsed = false;
  return { terms, locals, moved };
}

/** The argument with a new variable for each part that needs evaluation. */
function splitPattern(context: RewriteContext, term: Term, moved: (readonly [Variable, Term])[]): Term {
  switch (term.kind) {
    case "var":
      checkShadowing(context, term);
      return term;
    case "null":
    case "boolean":
    case "number":
    case "string":
      return term;
    case "array":
      return { ...term, items: term.items.map((item) => splitPattern(context, item, moved)) };
    case "object": {
      for (const [key] of term.entries) checkShadowing(context, key);
      const entries = term.entries.map(([key, value]) => [key, splitPattern(context, value, moved)] as const);
      return { ...term, entries };
    }
    case "set":
      if (isPlain(term)) return term;
      checkArgument(context, term);
      break;
    default:
      checkArgument(context, term);
  }
  const variable = freshVar(context, term.at);
  moved.push([variable, term]);
  return variable;
}

/** No argument has the name of a root, nor does a key in its pattern: in v0 neither, where other variables may. */
function checkShadowing(context: RewriteContext, term: Term): void {
  switch (term.kind) {
    case "var": {
      if (term.name !== "input" && term.name !== "data") return;
      const message = `args must not shadow ${term.name} (use a different variable name)`;
      report(context, "rego_compile_error", term.at, message);
      return;
    }
    case "array":
      for (const item of term.items) checkShadowing(context, item);
      return;
    case "object":
      for (const part of term.entries.flat()) checkShadowing(context, part);
      return;
    default:
  }
}

/** Nothing in it needs evaluation. */
function isPlain(term: Term): boolean {
  switch (term.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
      return true;
    case "var":
      return term.name !== "input" && term.name !== "data";
    case "array":
    case "set":
      return term.items.every(isPlain);
    case "object":
      return term.entries.flat().every(isPlain);
    default:
      return false;
  }
}
/** An argument may name a rule; what is called, or read from input and data outside of sets, belongs in the body. */
function checkArgument(context: RewriteContext, argument: Term): void {
  if (argument.kind === "template") return;
  eachTerm(argument, (term) => {
    if (term.kind === "call-term") {
      const hint = "take a variable, and compare it in the body";
      report(context, "rego_compile_error", term.at, "rule arguments cannot contain calls", hint);
    } else if (argument.kind !== "set" && term.kind === "var" && (term.name === "input" || term.name === "data")) {
      report(context, "rego_unsafe_var_error", term.at, `var ${term.name} is unsafe`);
    }
  });
}

function rewriteLink(rewriter: Rewriter, packagePath: readonly string[], link: Rule, args: Args | undefined): Rule {
  const { context } = rewriter;
  const { head } = link;
  const scope: Scope = {
    parent: undefined,
    names: new Map(args?.locals),
    pending: declaredNames(link.body),
    mentioned: new Set(),
  };
  const compared = args?.moved ?? [];
  const keys = head.ref.slice(1);
  const heads = [...keys, head.value];
  for (const [, term] of compared) heads.push(term);
  addImplicit(context, scope, heads, link.body, (name) => name);
  hideBuiltins(context, scope, link);
  const ownBody = rewriteBody(rewriter, scope, link.body);
  const equations = compared.map(([variable, term]) => makeEquation(variable, rewriteTerm(rewriter, scope, term)));
  const body = equations.length === 0 ? ownBody : [...ownBody, ...equations];
  const ref = rewriteTerms(rewriter, scope, keys);
  const value = isScalar(head.value)
    ? head.value
    : rewriteTerm({ ...rewriter, context: { ...context, headOf: scope } }, scope, head.value);
  closeScope(context, scope);
  const moved = link.isDefault ? { body, ref, value } : moveOut(context, body, ref, value);
  const rewritten: Head = {
    ...head,
    ref: packagePath.map((part) => makeString(head.at, part)).concat(head.ref[0] as Term, moved.ref),
    args: args?.terms,
    value: moved.value,
  };
  return { ...link, head: rewritten, body: moved.body, else: undefined };
}

/**
 * The head's references that iterate (`p contains xs[_]`), and keys that are no variable or
 * scalar, become variables that the body binds last.
 */
function moveOut(
  context: RewriteContext,
  body: Body,
  ref: readonly Term[],
  value: Term,
): { readonly body: Body; readonly ref: readonly Term[]; readonly value: Term } {
  if (isScalar(value) && ref.every(isScalar)) return { body, ref, value };
  const moved: Expr[] = [];
  const move = (term: Term): Term => {
    const variable = freshVar(context, term.at);
    moved.push(makeEquation(variable, term));
    return variable;
  };
  const keys = ref.map((part) => (part.kind === "var" || isScalar(part) ? part : move(part)));
  const result = iterates(value) ? move(value) : value;
  return { body: moved.length === 0 ? body : [...body, ...moved], ref: keys, value: result };
}

function makeEquation(left: Variable, right: Term): Expr {
  const what = { kind: "unify", at: right.at, left, right } as const;
  return { kind: "expr", at: right.at, isNegated: false, what, with: [] };
}

/** True where a term has a reference with a variable, or something that holds one, in its brackets. */
function iterates(term: Term): boolean {
  let found = false;
  eachTerm(term, (part) => {
    if (part.kind === "ref" && part.path.some((key) => !isScalar(key))) found = true;
  });
  return found;
}
