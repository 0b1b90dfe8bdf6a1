/**
 * Literals: locals whose value is known while compiling, as its text. The statements that
 * would build them are not emitted; each use loads the constant, which the runtime reads
 * and seals once, at its start.
 */
import type { IrBlock, IrOperand, IrStmt } from "../ir/policy.ts";
import type { Facts } from "./facts.ts";
import { type Strings, stringAt } from "./operand.ts";
import { usesOf } from "./uses.ts";

export type Constants = {
  /** Text of the local's value, JSON or Rego's. */
  readonly texts: ReadonlyMap<number, string>;
  /** Statements with nothing left to do. */
  readonly done: ReadonlySet<IrStmt>;
};

type Draft = { readonly open: string; readonly close: string; readonly empty: string; readonly parts: string[] };
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
  for (const block of blocks ?? []) walkBlock(walk, block);
  const texts = new Map(walk.scalars);
  for (const [local, draft] of walk.drafts) texts.set(local, print(draft));
  return { texts, done: new Set([...texts.keys()].flatMap((local) => walk.makers.get(local) ?? [])) };
}

function walkBlock(walk: Walk, block: IrBlock): void {
  for (const stmt of block.stmts ?? []) {
    make(walk, stmt);
    grow(walk, stmt);
    for (const inner of usesOf(stmt).blocks ?? []) walkBlock(walk, inner);
  }
}

function make(walk: Walk, statement: IrStmt): void {
  const { type, stmt } = statement;
  if (type === "MakeNullStmt") scalar(walk, statement, stmt.target, "null");
  else if (type === "MakeNumberIntStmt") scalar(walk, statement, stmt.target, `${stmt.value}`);
  else if (type === "MakeNumberRefStmt") scalar(walk, statement, stmt.target, stringAt(walk.strings, stmt.Index));
  else if (type === "MakeArrayStmt" || type === "MakeObjectStmt" || type === "MakeSetStmt") {
    draft(walk, statement, stmt.target, { ...EMPTY[type], parts: [] });
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
  const { changes } = usesOf(statement);
  const target = changes === undefined ? undefined : walk.drafts.get(changes);
  if (changes === undefined || target === undefined) return;
  const part = partOf(walk, statement);
  if (part === undefined) walk.drafts.delete(changes);
  else {
    target.parts.push(part);
    walk.makers.get(changes)?.push(statement);
  }
}

function partOf(walk: Walk, { type, stmt }: IrStmt): string | undefined {
  if (type === "ArrayAppendStmt" || type === "SetAddStmt") return textOf(walk, stmt.value);
  if (type !== "ObjectInsertStmt") return undefined;
  const key = textOf(walk, stmt.key);
  const value = textOf(walk, stmt.value);
  return key === undefined || value === undefined ? undefined : `${key}:${value}`;
}

function textOf(walk: Walk, operand: IrOperand): string | undefined {
  switch (operand.type) {
    case "string_index":
      return JSON.stringify(stringAt(walk.strings, operand.value).toWellFormed());
    case "bool":
      return `${operand.value}`;
    case "local": {
      const draft = walk.drafts.get(operand.value);
      return draft === undefined ? walk.scalars.get(operand.value) : print(draft);
    }
  }
}

function print({ open, close, empty, parts }: Draft): string {
  return parts.length === 0 ? empty : open + parts.join(",") + close;
}
