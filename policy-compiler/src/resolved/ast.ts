/**
 * Rego as a tree once its names are resolved: what the checks of types, the plan, the tests and the explanations
 * get. It is the tree of `syntax/ast.ts` with fewer forms, so that what reads any tree reads this one too.
 *
 * - No `some`, `some … in`, `:=`, template string, infix operator or import is left: `:=` is
 *   `unify` on variables renamed to be unique in their rule (`x` → `x#1`; the name before `#`
 *   is the user's), `some k, v in xs` is `xs[k] = v`, and operators are calls of OPA's
 *   built-ins (`plus`, `equal`, `internal.member_2`, `internal.template_string` …).
 * - Every reference begins with `data`, `input` or a variable; calls name a built-in
 *   (`["io","jwt","decode"]`) or a function by its whole path (`["data","a","f"]`).
 * - Rule heads are whole paths below `data`.
 * - Expressions of a body stand in an order in which every variable is bound before it is
 *   needed; wildcards are variables of their own (`$1`, `$2` …).
 */
import type { Location } from "@regomesh/base";
import type * as Written from "../syntax/ast.ts";
import type { Operator, Scalar, Variable } from "../syntax/ast.ts";

type Node<Kind extends string, Fields> = { readonly kind: Kind; readonly at: Location } & Readonly<Fields>;

export type Module = Omit<Written.Module, "rules" | "imports"> & {
  readonly imports: readonly [];
  readonly rules: readonly Rule[];
};

export type Rule = Omit<Written.Rule, "head" | "body" | "else"> & {
  readonly head: Head;
  readonly body: Body;
  readonly else: Rule | undefined;
  /** Where rules of other values end early without this one: what it reads, and is not looked at where that is not there. */
  readonly needs?: Body;
};

export type Head = Omit<Written.Head, "ref" | "args" | "value"> & {
  /** From the root of `data`. */
  readonly ref: readonly Term[];
  readonly args: readonly Term[] | undefined;
  readonly value: Term;
};

/** The order is that of evaluation. */
export type Body = readonly Expr[];

export type Expr = Node<"expr", { isNegated: boolean; what: What; with: readonly With[] }>;

export type What =
  | Node<"term", { term: Term }>
  | Node<"call", { operator: Operator; args: readonly Term[] }>
  | Node<"unify", { left: Term; right: Term }>
  | Node<"every", { key: Variable | undefined; value: Variable; domain: Term; body: Body }>
  /** `logical`: the word that it was written with, negated operands in a negated body where that is `or`. */
  | Node<"body", { body: Body; isImplicit: boolean; logical?: Written.Logical }>;

export type With = { readonly at: Location; readonly target: Ref; readonly value: Term };

export type Term =
  | Scalar
  | Variable
  | Ref
  | Node<"array", { items: readonly Term[] }>
  | Node<"set", { items: readonly Term[] }>
  | Node<"object", { entries: readonly (readonly [key: Term, value: Term])[] }>
  | Node<"array-comprehension", { value: Term; body: Body }>
  | Node<"set-comprehension", { value: Term; body: Body }>
  | Node<"object-comprehension", { key: Term; value: Term; body: Body }>
  | Node<"call-term", { operator: Operator; args: readonly Term[] }>;

export type Ref = Node<"ref", { head: Term; path: readonly Term[]; isCalled?: true }>;

export type { Operator, Scalar, Variable } from "../syntax/ast.ts";
