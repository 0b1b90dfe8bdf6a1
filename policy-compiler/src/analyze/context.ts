/** What the rewriting of one rule or query shares: names, counters, and where faults go. */
import type { Diagnostic, Location } from "@regomesh/base";
import type { BuiltinSignatures } from "../builtins/table.ts";
import type { Rule, Term } from "../syntax/ast.ts";
import { type Globals, makeVar } from "./names.ts";
import type { AnalysisCode } from "./problem.ts";
import { makeProblem } from "./problem.ts";
import type { Scope } from "./scope.ts";

export type RewriteOptions = {
  readonly builtins: BuiltinSignatures;
  /** Keep calls of print. */
  readonly print: boolean;
  readonly strict: boolean;
};

export type RewriteContext = RewriteOptions & {
  /** Variables may have the names of `input` and `data`: in v0, where nothing strict is asked. */
  readonly mayShadow: boolean;
  readonly globals: Globals;
  readonly diagnostics: Diagnostic[];
  /** What is unused: faults that leave nothing out for later stages to stumble over. */
  readonly minor: Diagnostic[];
  /** Rules of that whole path make a document: it may be called where nothing is known of its type. */
  readonly isDocument: (path: readonly string[]) => boolean;
  /** The scope of the rule of whose head the value is rewritten. */
  readonly headOf?: Scope;
  /** What rego.metadata.chain() and rule() are in a link of the rule; undefined in a query. */
  readonly metadata: (name: "chain" | "rule", at: Location, link?: Rule) => Term | undefined;
  /** Of an `else` chain, where it is not the rule itself. */
  readonly link?: Rule;
  readonly counter: { locals: number; generated: number };
};

/** A user's variable under a name of its own. */
export function freshName(context: RewriteContext, name: string): string {
  return `${name}#${++context.counter.locals}`;
}

/** Numbers the variables that the text does not have. */
export type Generator = { readonly counter: { generated: number } };

/** A variable that the text does not have. */
export function freshVar(context: Generator, at: Location): Extract<Term, { kind: "var" }> {
  return makeVar(at, `$${++context.counter.generated}`);
}

export function report(
  context: RewriteContext,
  code: AnalysisCode,
  at: Location,
  message: string,
  hint?: string,
): void {
  context.diagnostics.push(makeProblem(code, at, message, hint));
}
