/**
 * Rego as a tree, as it is written. Analysis rewrites it into one of fewer forms (`resolved/ast.ts`), and never
 * changes a node in place.
 */
import type { Location, Span } from "@regomesh/base";

type Node<Kind extends string, Fields> = { readonly kind: Kind; readonly at: Location } & Readonly<Fields>;

export type Module = {
  readonly at: Location;
  /** Held to v1's rules: written in Rego v1, or in v0 with `import rego.v1`. */
  readonly isV1: boolean;
  readonly package: PackageClause;
  readonly imports: readonly Import[];
  readonly rules: readonly Rule[];
  readonly comments: readonly Comment[];
  readonly annotations: readonly Annotation[];
  /** Of parsed modules: the terms that stand in parentheses, and where these begin and end. */
  readonly groups?: ReadonlyMap<Term, Span>;
};

/** `path` without `data`: `package a.b["c"]` is `["a", "b", "c"]`. */
export type PackageClause = { readonly at: Location; readonly path: readonly string[] };

/** `path` with its root: `["input", "attributes"]`, `["data", "mesh"]`, `["rego", "v1"]`. */
export type Import = { readonly at: Location; readonly path: readonly string[]; readonly alias: string | undefined };

export type Comment = { readonly at: Location; readonly text: string };

/** A `# METADATA` block: its YAML, and what it stands before. */
export type Annotation = {
  readonly at: Location;
  readonly scope: "package" | "subpackages" | "document" | "rule";
  readonly value: unknown;
  /** Index of the rule it stands before; undefined where that is the package. */
  readonly rule: number | undefined;
};

export type Rule = {
  readonly at: Location;
  readonly isDefault: boolean;
  readonly head: Head;
  /** True where the text has none. */
  readonly body: Body;
  /** The next link of an `else` chain. */
  readonly else: Rule | undefined;
  /** Of parsed rules: how the text says it. */
  readonly form?: RuleForm;
};

/** What a rule's text has, which its meaning does not tell. */
export type RuleForm = {
  readonly hasIf: boolean;
  readonly hasContains: boolean;
  /** What stands between head and value; undefined where there is no value. */
  readonly sign: ":=" | "=" | undefined;
  readonly hasBody: boolean;
};

/**
 * complete `p := v`, function `f(x) := v`, set `p contains v`, object `p[k] := v` and heads of
 * any depth: what makes a rule partial is a term in `ref` that is no constant, or `contains`.
 */
export type Head = {
  readonly at: Location;
  /** Below the package: first a string, then terms (`a.b[x].c`). */
  readonly ref: readonly Term[];
  /** Undefined where the rule is no function: `f() := 1` is the rule `f`. */
  readonly args: readonly Term[] | undefined;
  /** `contains`: the key is `value`. */
  readonly isSet: boolean;
  readonly value: Term;
};

/** Expressions that must all hold. */
export type Body = readonly Expr[];

export type Expr = Node<"expr", { isNegated: boolean; what: What; with: readonly With[] }>;

/** What an expression says. */
export type What =
  | Node<"term", { term: Term }>
  | Node<"call", { operator: Operator; args: readonly Term[] }>
  /** `:=`, `=`. */
  | Node<"assign", { left: Term; right: Term }>
  | Node<"unify", { left: Term; right: Term }>
  /** `some x, y`. */
  | Node<"some", { variables: readonly Variable[] }>
  /** `some v in xs`, `some k, v in xs`: every variable in key and value is new. */
  | Node<"some-in", { key: Term | undefined; value: Term; domain: Term }>
  /** `every k, v in xs { … }`; key and value are variables. */
  | Node<"every", { key: Variable | undefined; value: Variable; domain: Term; body: Body }>
  /**
   * `not { … }`, an operand of `and`/`or`, and what rewriting needs: true, once, if the body holds.
   * Implicit where the text has no braces: such a body reads variables, and binds none of its own.
   */
  | Node<"body", { body: Body; isImplicit: boolean; logical?: Logical }>;

/** What a body was written as that stands for `a and b` or `a or b`; an operand in braces is a body that is not implicit. */
export type Logical = { readonly word: "and" | "or"; readonly operands: readonly Expr[] };

/**
 * A built-in's or function's name, in parts. As written it may begin with an import's alias. `isHidden`: by a variable,
 * of which names are resolved.
 */
export type Operator = { readonly at: Location; readonly path: readonly string[]; readonly isHidden?: true };

export type With = { readonly at: Location; readonly target: Ref; readonly value: Term };

export type Term =
  | Scalar
  | Variable
  | Ref
  | Node<"array", { items: readonly Term[] }>
  /** `written` are all entries of the text, where keys repeat. */
  | Node<
      "object",
      {
        entries: readonly (readonly [key: Term, value: Term])[];
        written?: readonly (readonly [key: Term, value: Term])[];
      }
    >
  | Node<"set", { items: readonly Term[] }>
  | Node<"array-comprehension", { value: Term; body: Body }>
  | Node<"set-comprehension", { value: Term; body: Body }>
  | Node<"object-comprehension", { key: Term; value: Term; body: Body }>
  | Node<"call-term", { operator: Operator; args: readonly Term[] }>
  /** `$"…{x}…"`: strings and expressions in turn; these may be undefined. */
  | Node<"template", { parts: readonly (string | TemplateValue)[] }>;

/** `{x}` or `{x with input as y}` in a template string. */
export type TemplateValue = { readonly at: Location; readonly term: Term; readonly with: readonly With[] };

export type Scalar =
  | Node<"null", Record<never, never>>
  | Node<"boolean", { value: boolean }>
  /** The text as written: numbers are exact. */
  | Node<"number", { text: string }>
  | Node<"string", { value: string }>;

/** `_` is a wildcard. `insteadOf`: the reference that the text has in its place, where that is read in front of the line. */
export type Variable = Node<"var", { name: string; insteadOf?: Term }>;

/**
 * `head.a[x]`: the head is a variable (`data` and `input` among them) or any other term.
 * `isCalled`: written as a call without arguments, `data.p.f()`, of which names are resolved.
 */
export type Ref = Node<"ref", { head: Term; path: readonly Term[]; isCalled?: true }>;
