/**
 * What a guard asks about: a value that is found from a function's parameters by keys alone, so that
 * it can be found before any of the function's blocks runs, without effect and without fault.
 */
import type { IrBlock, IrOperand, IrStmt } from "../../ir/policy.ts";

export type Term =
  | { readonly kind: "param"; readonly local: number }
  | { readonly kind: "string"; readonly index: number }
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "dot"; readonly how: "DotStmt" | "BaseDotStmt"; readonly source: Term; readonly key: Term };

/** A constant, as the text of a literal. */
export type Constant = { readonly kind: "constant"; readonly text: string };

/** Equal for equal terms. */
export function nameOf(term: Term): string {
  switch (term.kind) {
    case "param":
      return `$${term.local}`;
    case "string":
      return `"${term.index}"`;
    case "integer":
      return `${term.value}`;
    case "dot":
      return `${nameOf(term.source)}${term.how === "DotStmt" ? "." : ":"}[${nameOf(term.key)}]`;
  }
}

/** Statements that leave the term's value in `target`, or leave it undefined. */
export function planTerm(term: Term, target: number, fresh: () => number): readonly IrStmt[] {
  const stmts: IrStmt[] = [];
  const plan = (part: Term): IrOperand => {
    if (part.kind === "param") return { type: "local", value: part.local };
    if (part.kind === "string") return { type: "string_index", value: part.index };
    const local = fresh();
    if (part.kind === "integer") stmts.push({ type: "MakeNumberIntStmt", stmt: { value: part.value, target: local } });
    else {
      // The key first: the lookups of a path stand side by side, as input-slots.ts wants them.
      const key = plan(part.key);
      const source = plan(part.source);
      stmts.push({ type: part.how, stmt: { source, key, target: local } });
    }
    return { type: "local", value: local };
  };
  const source = plan(term);
  const block: IrBlock = { stmts: [...stmts, { type: "AssignVarStmt", stmt: { source, target } }] };
  return [
    { type: "ResetLocalStmt", stmt: { target } },
    { type: "BlockStmt", stmt: { blocks: [block] } },
  ];
}
