/** What may be no operand of `and` or `or`, and how it is refused. */
import type { Span } from "@regomesh/base";
import type { Body, Expr, What } from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import type { Token } from "./token.ts";

export const JOINS = ["and", "or"] as const;
export type Join = (typeof JOINS)[number];

export function failWith(cursor: Cursor, start: number, join: Join): never {
  cursor.fail(
    cursor.from(start),
    `\`with\` modifier is not allowed on operand of \`${join}\``,
    `wrap the operand in \`(...)\` or \`{...}\` to scope, or move \`with\` after the \`${join}\` expression to apply it to the whole expression`,
  );
}

/** A term that begins with a brace is no operand, not even the first: there braces are a body. */
export function checkBraces(cursor: Cursor, { at, what }: Expr, join: Join): void {
  const { start, end } = at.span;
  if (cursor.source.text[start] !== "{") return;
  const isEmpty = what.kind === "term" && what.term.kind === "object" && what.term.entries.length === 0;
  if (isEmpty) cursor.fail(at, "found empty body");
  failBraces(cursor, { start, end }, join);
}

export function failBraces(cursor: Cursor, { start, end }: Span, join: Join): never {
  cursor.fail(
    cursor.from(start),
    `operand of \`${join}\` cannot begin with \`{\` unless the braces hold a body`,
    `wrap the operand to keep the value: \`(${cursor.source.text.slice(start, end)}) ${join} ...\``,
  );
}

/** `{a | b}` reads as a comprehension, too. The call and the parenthesised form don't. */
export function checkUnion(cursor: Cursor, start: number, body: Body, prefix: string): void {
  const { what, at } = body[0] as Expr;
  const { text } = cursor.source;
  if (what.kind !== "call" || what.operator.path.join(".") !== "or" || text[at.span.start] === "(") return;
  const { span } = what.operator.at;
  if (text.slice(span.start, span.end) !== "|") return;
  const { end } = cursor.previous as Token;
  const [braces, union] = [text.slice(start, end), text.slice(at.span.start, at.span.end)];
  const apart = `${text.slice(start, at.span.start)}(${union})${text.slice(at.span.end, end)}`;
  cursor.fail(
    cursor.from(start),
    "ambiguous `{ ... | ... }` operand: read as a body holding a set-union expression, not as a comprehension",
    `write \`${prefix}(${braces})\` for the comprehension, or \`${prefix}${apart}\` for the set union`,
  );
}

export function checkOperand(cursor: Cursor, { what, at, isNegated }: Expr, join: Join): void {
  const parts = what.kind === "body" && !isNegated && what.logical === undefined ? what.body : [];
  const calls = what.kind === "body" ? parts : [{ what, at, isNegated }];
  if (calls.length > 0 && calls.every((call) => !call.isNegated && isPrint(call.what))) {
    cursor.report(
      (calls[0] as Expr).at,
      `operand of \`${join}\` cannot consist only of calls to \`print\``,
      "print produces no value and always succeeds: move it out of the operand, or add an expression that can fail",
    );
  }
}

function isPrint(what: What): boolean {
  return what.kind === "call" && what.operator.path.join(".") === "print";
}
