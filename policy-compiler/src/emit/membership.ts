/**
 * `x in {a, b}`: a set or array literal that only a membership test reads is never built;
 * the test compares with each element in turn.
 */
import type { IrBlock, IrOperand, IrStmt } from "../ir/policy.ts";
import { eachStmtOf } from "../ir/walk.ts";
import type { Facts } from "./facts.ts";

export type Memberships = {
  /** Elements to compare with, by the CallStmt that tests. */
  readonly elements: ReadonlyMap<IrStmt, readonly IrOperand[]>;
  /** Statements with nothing left to do. */
  readonly done: ReadonlySet<IrStmt>;
};

const TEST = "internal.member_2";
/** More are looked up faster. */
const ELEMENTS_MAX = 8;

type Draft = { readonly statements: IrStmt[]; readonly elements: IrOperand[] };

export function membershipsOf(blocks: readonly IrBlock[] | null, facts: Facts): Memberships {
  const drafts = new Map<number, Draft>();
  const elements = new Map<IrStmt, readonly IrOperand[]>();
  const done = new Set<IrStmt>();
  eachStmtOf(blocks, note);
  return { elements, done };

  function note(statement: IrStmt): void {
    const { type, stmt } = statement;
    if (type === "MakeSetStmt" || type === "MakeArrayStmt") {
      if (facts.settled.has(stmt.target) && facts.reads.get(stmt.target) === 1) {
        drafts.set(stmt.target, { statements: [statement], elements: [] });
      }
    } else if (type === "SetAddStmt") add(statement, stmt.set, stmt.value);
    else if (type === "ArrayAppendStmt") add(statement, stmt.array, stmt.value);
    else if (type === "CallStmt" && stmt.func === TEST) {
      const collection = stmt.args?.[1];
      const draft = collection?.type === "local" ? drafts.get(collection.value) : undefined;
      if (draft === undefined || draft.elements.length > ELEMENTS_MAX) return;
      elements.set(statement, draft.elements);
      for (const made of draft.statements) done.add(made);
    }
  }

  /** An element must still have its value when the test comes. */
  function add(statement: IrStmt, collection: number, value: IrOperand): void {
    const draft = drafts.get(collection);
    if (draft === undefined) return;
    if (value.type === "local" && !facts.single.has(value.value)) drafts.delete(collection);
    else {
      draft.statements.push(statement);
      draft.elements.push(value);
    }
  }
}
