/** What the check of one rule or query shares: where faults go, and what generated variables stand for. */
import type { Diagnostic, Location } from "@regomesh/base";
import type { BuiltinSignatures } from "../builtins/table.ts";
import type { Term, Variable } from "../resolved/ast.ts";
import { printTerm } from "../syntax/print-term.ts";
import type { Documents } from "./type-env.ts";

export type Checker = {
  readonly builtins: BuiltinSignatures;
  readonly diagnostics: Diagnostic[];
  /** Rules that depend on a document or function, as a tree in which their types are not known. */
  readonly relaxed: (path: readonly string[]) => Documents["tree"] | undefined;
  /** A variable that the text does not have, in place of a term. */
  readonly stand: (term: Term) => Variable;
  readonly print: (term: Term) => string;
  readonly problem: (at: Location, message: string, hint?: string) => Diagnostic;
};

export function makeChecker(options: Pick<Checker, "builtins" | "diagnostics" | "relaxed">): Checker {
  const subjects: Term[] = [];
  const subjectOf = (name: string): Term | undefined =>
    name.startsWith(STAND) ? subjects[Number(name.slice(STAND.length))] : undefined;
  return {
    ...options,
    stand(term) {
      const name = `${STAND}${subjects.push(term) - 1}`;
      return { kind: "var", at: term.at, name };
    },
    print: (term) => printTerm(term, subjectOf),
    problem: (at, message, hint) => ({
      code: "rego_type_error",
      severity: "error",
      message,
      at,
      ...(hint === undefined ? {} : { hint }),
    }),
  };
}

/** What the names of such variables begin with; behind it stands their number. */
const STAND = "$t";
