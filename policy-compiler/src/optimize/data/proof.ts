/**
 * Up to where an iteration's block says no more than what the index of its collection is asked: of a member that an
 * index surely leaves, those statements hold and need not run. Each that could end the block must be one that a
 * level asks for; a part that is looked up and never asked about could be missing.
 */
import type { IrStmt } from "../../ir/policy.ts";
import { usesOf } from "../../ir/uses.ts";
import { nameOf, type Term } from "../index/terms.ts";
import type { Place } from "./levels.ts";

/** Of the iteration's own block: its first statements, how many levels say the same, and the rules that they mark. */
export type Proven = { readonly statements: number; readonly levels: number; readonly marks: readonly number[] };

/** Of iterations in the iteration, which lead to a witness: all that is asked before this rest of the innermost block. */
export type ProvenWhole = {
  readonly rest: readonly IrStmt[];
  readonly levels: number;
  readonly marks: readonly number[];
};

export type Proof = {
  /** Nothing that no level asks for has come so far. */
  isWhole: boolean;
  /** What has been looked at, and no level has asked about yet. */
  readonly open: Set<string>;
  readonly marks: number[];
  /** A rule was marked, which is an effect: what leaves more out would lose it. */
  isClosed: boolean;
  /** Locals that are true, or undefined no more, where the levels hold. */
  readonly holding: Set<number>;
  proven: Proven | undefined;
  whole: ProvenWhole | undefined;
};

export function newProof(): Proof {
  return {
    isWhole: true,
    open: new Set(),
    marks: [],
    isClosed: false,
    holding: new Set(),
    proven: undefined,
    whole: undefined,
  };
}

export function partName({ steps }: Place, names: readonly string[]): string {
  return `part ${JSON.stringify([steps, names])}`;
}

export function termName(term: Term): string {
  return `term ${nameOf(term)}`;
}

/** So many statements of a block have come: of the iteration's own, or of one inside. */
export function noteProven(
  proof: Proof,
  {
    stmts,
    statements,
    isOwn,
  }: { readonly stmts: readonly IrStmt[]; readonly statements: number; readonly isOwn: boolean },
  levels: number,
): void {
  if (!proof.isWhole || proof.open.size > 0 || levels === 0) return;
  const marks = [...proof.marks];
  if (isOwn) proof.proven = { statements, levels, marks };
  else proof.whole = { rest: stmts.slice(statements), levels, marks };
}

/** What may as well run once for several witnesses: it says the same of each, and reads nothing that `written` holds. */
export function isSameForAll(rest: readonly IrStmt[], written: ReadonlySet<number>): boolean {
  return rest.every((statement) => {
    const { type } = statement;
    if (type !== "MarkStmt" && type !== "AssignVarOnceStmt" && type !== "AssignVarStmt" && type !== "ReturnLocalStmt")
      return false;
    return usesOf(statement).reads.every((operand) => operand.type !== "local" || !written.has(operand.value));
  });
}

/** The local whose value's kind the block finds out, if it does nothing else: three ways to be a collection. */
export function kindCheckOf(statement: IrStmt): { readonly source: number; readonly target: number } | undefined {
  if (statement.type !== "BlockStmt") return undefined;
  const blocks = statement.stmt.blocks ?? [];
  const kinds = new Set<string>();
  let found: { readonly source: number; readonly target: number } | undefined;
  for (const { stmts } of blocks) {
    const [test, assign, more] = stmts ?? [];
    if (test?.type !== "IsArrayStmt" && test?.type !== "IsObjectStmt" && test?.type !== "IsSetStmt") return undefined;
    if (test.stmt.source.type !== "local" || assign?.type !== "AssignVarStmt" || more !== undefined) return undefined;
    const one = { source: test.stmt.source.value, target: assign.stmt.target };
    if (found !== undefined && (found.source !== one.source || found.target !== one.target)) return undefined;
    found = one;
    kinds.add(test.type);
  }
  return kinds.has("IsArrayStmt") ? found : undefined;
}

/** What follows the tests of a rule whose value is true, up to its end: the rules that it marks, or undefined. */
export function marksOfRest(rest: readonly IrStmt[]): readonly number[] | undefined {
  const marks: number[] = [];
  for (const { type, stmt } of rest) {
    if (type === "MarkStmt") marks.push(stmt.rule);
    else if (type === "AssignVarOnceStmt") {
      if (stmt.source.type !== "bool" || !stmt.source.value) return undefined;
    } else return type === "ReturnLocalStmt" ? marks : undefined;
  }
  return marks;
}
