/**
 * Scopes of variables: one for a rule (its arguments and body) and one for each closure.
 * Names declared in a scope (`some`, `:=`, arguments, `every`) are renamed to be unique in
 * their rule; other names belong to the outermost level that mentions them.
 */
import type { Location } from "@regomesh/base";
import type { Body, Expr, Term, Variable, What } from "../syntax/ast.ts";
import { declaredBySomeIn } from "./some-in.ts";
import { eachVariableOfExpr } from "./tree.ts";

/**
 * `unbound`: an argument has it in a set or as a key, where nothing binds it; a declaration of the body takes the name.
 * `hiding`: implicit, and the name of a built-in, which cannot be called then (`called.ts`).
 */
export type Declared = "argument" | "unbound" | "declared" | "assigned" | "implicit" | "hiding";

export type Local = {
  readonly name: string;
  readonly how: Declared;
  readonly at: Location;
  isUsed: boolean;
};

export type Scope = {
  readonly parent: Scope | undefined;
  readonly names: Map<string, Local>;
  /** Declared somewhere on this level: from the start no global name. */
  readonly pending: ReadonlySet<string>;
  /** Pending names that were mentioned before their declaration. */
  readonly mentioned: Set<string>;
};

/** What a name stands for in this scope and those around it; pending: it is declared later. */
export function findName(scope: Scope, name: string): Local | "pending" | undefined {
  let found: "pending" | undefined;
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const local = at.names.get(name);
    if (local !== undefined) return local;
    if (at.pending.has(name)) found = "pending";
  }
  return found;
}

/** Names that a body declares on its own level, and some others; most declare none. */
export function declaredNames(body: Body, others: readonly string[] = []): ReadonlySet<string> {
  let names = others.length === 0 ? undefined : new Set(others);
  for (let i = 0; i < body.length; i++) {
    const variables = declaredBy((body[i] as Expr).what);
    if (variables.length === 0) continue;
    names ??= new Set();
    for (const { name } of variables) if (name !== "_") names.add(name);
  }
  return names ?? NOTHING;
}

const NOTHING: ReadonlySet<string> = new Set();

function declaredBy(what: What): readonly Variable[] {
  switch (what.kind) {
    case "some":
      return what.variables;
    case "assign":
      return patternVariables(what.left);
    case "some-in":
      return declaredBySomeIn(what);
    case "call":
      return isAssignment(what) ? patternVariables(what.args[0] as Term) : NO_VARIABLES;
    default:
      return NO_VARIABLES;
  }
}

/** `assign(x, 1)` is `x := 1`. */
export function isAssignment({ operator, args }: Extract<What, { kind: "call" }>): boolean {
  return operator.path.length === 1 && operator.path[0] === "assign" && args.length === 2;
}

const NO_VARIABLES: readonly Variable[] = [];

/** The variables a pattern binds: those in arrays and in the values of objects. */
export function patternVariables(term: Term): readonly Variable[] {
  switch (term.kind) {
    case "var":
      return [term];
    case "array":
      return term.items.flatMap(patternVariables);
    case "object":
      return term.entries.flatMap(([, value]) => patternVariables(value));
    default:
      return [];
  }
}

/** Each variable of a body's own level; implicit bodies are part of it. */
export function eachMentioned(body: Body, visit: (variable: Variable) => void): void {
  for (let i = 0; i < body.length; i++) {
    const expr = body[i] as Expr;
    eachVariableOfExpr(expr, visit);
    const { what } = expr;
    if (what.kind === "body" && what.isImplicit) eachMentioned(what.body, visit);
  }
}

/** What bodies inside mention of a level that they are part of counts as mentioned there, before it is declared. */
export function noteMentions(scope: Scope, body: Body, hidden: ReadonlySet<string> = NOTHING): void {
  if (scope.pending.size === 0) return;
  const own = hidden.union(declaredNames(body));
  for (const expr of body) {
    eachVariableOfExpr(expr, ({ name }) => {
      if (!own.has(name) && scope.pending.has(name)) scope.mentioned.add(name);
    });
    const { what } = expr;
    if (what.kind === "body") noteMentions(scope, what.body, own);
    if (what.kind === "every") {
      const loop = [what.key, what.value].flatMap((variable) => variable?.name ?? []);
      noteMentions(scope, what.body, own.union(new Set(loop)));
    }
  }
}
