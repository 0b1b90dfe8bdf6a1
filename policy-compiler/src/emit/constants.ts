/**
 * Literals: locals whose value is known while compiling, as its text. The statements that
 * would build them are not emitted; each use loads the constant, which the runtime reads
 * and seals once, at its start.
 */
import type { IrBlock, IrOperand, IrStmt } from "../ir/policy.ts";
import { usesOf } from "../ir/uses.ts";
import { eachStmtOf } from "../ir/walk.ts";
import type { Facts } from "./facts.ts";
import { type Strings, stringAt } from "./operand.ts";

export type Constants = {
  /** Text of the local's value, JSON or Rego's. */
  readonly texts: ReadonlyMap<number, string>;
  /** Statements with nothing left to do. */
  readonly done: ReadonlySet<IrStmt>;
};

/** Deeper values are built by code: what is read at the start must fit any stack, and each level prints those below it again. */
const DEPTH_MAX = 200;

type Draft = {
  readonly open: string;
  readonly close: string;
  readonly empty: string;
  readonly parts: string[];
  /** Levels of its deepest part. */
  depth: number;
};
type Part = { readonly text: string; readonly depth: number };
type Walk = {
  readonly facts: Facts;
  readonly strings: Strings;
  readonly mayFold: boolean;
  readonly scalars: Map<number, string>;
  readonly drafts: Map<number, Draft>;
  readonly makers: Map<number, IrStmt[]>;
};

/** `mayFold` says that no function grows what another one made, so that whole literals may be shared. */
export function constantsOf(
  blocks: readonly IrBlock[] | null,
  facts: Facts,
  strings: Strings,
  mayFold: boolean,
): Constants {
  const walk: Walk = { facts, strings, mayFold, scalars: new Map(), drafts: new Map(), makers: new Map() };
  eachStmtOf(blocks, (stmt) => {
    make(walk, stmt);
    grow(walk, stmt);
  });
  const texts = new Map(walk.scalars);
  for (const [local, draft] of walk.drafts) texts.set(local, print(draft));
  return { texts, done: new Set([...texts.keys()].flatMap((local) => walk.makers.get(local) ?? [])) };
}

function make(walk: Walk, statement: IrStmt): void {
  const { type, stmt } = statement;
  if (type === "MakeNullStmt") scalar(walk, statement, stmt.target, "null");
  else if (type === "MakeNumberIntStmt") scalar(walk, statement, stmt.target, `${stmt.value}`);
  else if (type === "MakeNumberRefStmt") scalar(walk, statement, stmt.target, stringAt(walk.strings, stmt.Index));
  else if (type === "MakeArrayStmt" || type === "MakeObjectStmt" || type === "MakeSetStmt") {
    draft(walk, statement, stmt.target, { ...EMPTY[type], parts: [], depth: 0 });
  }
}

const EMPTY = {
  MakeArrayStmt: { open: "[", close: "]", empty: "[]" },
  MakeObjectStmt: { open: "{", close: "}", empty: "{}" },
  MakeSetStmt: { open: "{", close: "}", empty: "set()" },
} as const;

function scalar(walk: Walk, statement: IrStmt, local: number, text: string): void {
  if (!walk.facts.single.has(local)) return;
  walk.scalars.set(local, text);
  walk.makers.set(local, [statement]);
}

function draft(walk: Walk, statement: IrStmt, local: number, empty: Draft): void {
  if (!walk.mayFold || !walk.facts.settled.has(local)) return;
  walk.drafts.set(local, empty);
  walk.makers.set(local, [statement]);
}

function grow(walk: Walk, statement: IrStmt): void {
  const changes = walk.drafts.size === 0 ? undefined : usesOf(statement).changes;
  const target = changes === undefined ? undefined : walk.drafts.get(changes);
  if (changes === undefined || target === undefined) return;
  const part = partOf(walk, statement);
  if (part === undefined || part.depth >= DEPTH_MAX) walk.drafts.delete(changes);
  else {
    target.parts.push(part.text);
    target.depth = Math.max(target.depth, part.depth);
    walk.makers.get(changes)?.push(statement);
  }
}

function partOf(walk: Walk, { type, stmt }: IrStmt): Part | undefined {
  if (type === "ArrayAppendStmt" || type === "SetAddStmt") return partAt(walk, stmt.value);
  if (type !== "ObjectInsertStmt") return undefined;
  const key = partAt(walk, stmt.key);
  const value = partAt(walk, stmt.value);
  if (key === undefined || value === undefined) return undefined;
  return { text: `${key.text}:${value.text}`, depth: Math.max(key.depth, value.depth) };
}

function partAt(walk: Walk, operand: IrOperand): Part | undefined {
  switch (operand.type) {
    case "string_index":
      return { text: JSON.stringify(stringAt(walk.strings, operand.value).toWellFormed()), depth: 0 };
    case "bool":
      return { text: `${operand.value}`, depth: 0 };
    case "local": {
      const draft = walk.drafts.get(operand.value);
      if (draft !== undefined) return { text: print(draft), depth: draft.depth + 1 };
      const text = walk.scalars.get(operand.value);
      return text === undefined ? undefined : { text, depth: 0 };
    }
  }
}

function print({ open, close, empty, parts }: Draft): string {
  return parts.length === 0 ? empty : open + parts.join(",") + close;
}
