/** `and`, `or`, the better `not`, and bodies as operands. Parentheses stand where what is read needs them. */
import type { Expr, Term, What } from "../syntax/ast.ts";
import { closingRow, countLineEnds, type Printer } from "./printer.ts";
import { SIGNS, writeBodyIn } from "./term.ts";

type BodyWhat = Extract<What, { kind: "body" }>;

export function writeBodyExpr(printer: Printer, what: BodyWhat, isNegated: boolean): void {
  const { logical, body } = what;
  if (logical !== undefined) {
    writeOperands(printer, logical.word, logical.operands);
    return;
  }
  if (isNegated) printer.write("not ");
  if (!what.isImplicit) {
    writeBraced(printer, what);
    return;
  }
  const [only] = body;
  if (only === undefined) return;
  const isGroup = !isNegated || only.with.length > 0 || only.isNegated || isLogical(only) || beginsWithBrace(only);
  writeGrouped(printer, only, isGroup);
}

function writeGrouped(printer: Printer, expr: Expr, isGroup: boolean): void {
  if (isGroup) printer.write("(");
  printer.parts.writeExpr(printer, expr);
  if (isGroup) printer.write(")");
}

function isLogical({ what }: Expr): boolean {
  return what.kind === "body" && what.logical !== undefined;
}

/** An operand that began in a row of its own still does, one level deeper. */
function writeOperands(printer: Printer, word: "and" | "or", operands: readonly Expr[]): void {
  let isNested = false;
  for (const [i, operand] of operands.entries()) {
    const before = operands[i - 1];
    if (before !== undefined) {
      printer.write(` ${word}`);
      if (printer.rowOf(operand.at) > lastRow(printer, before)) {
        if (!isNested) printer.level++;
        isNested = true;
        printer.endLine();
        printer.insertComments(printer.rowOf(operand.at));
        printer.startLine();
      } else printer.write(" ");
    }
    writeGrouped(printer, operand, isGroupIn(word, operand, i > 0));
  }
  if (isNested) printer.level--;
}

function lastRow(printer: Printer, { at }: Expr): number {
  const { row, text } = printer.placeOf(at);
  return row + countLineEnds(text);
}

function isGroupIn(word: "and" | "or", operand: Expr, isRight: boolean): boolean {
  if (operand.with.length > 0) return true;
  const { what } = operand;
  if (what.kind !== "body") return beginsWithBrace(operand);
  if (what.logical === undefined) return false;
  return what.logical.word === word ? isRight : what.logical.word === "or";
}

/** What begins with a brace would be read as a body. */
function beginsWithBrace({ isNegated, what }: Expr): boolean {
  if (isNegated) return false;
  switch (what.kind) {
    case "term":
      return isBraced(what.term);
    case "assign":
    case "unify":
      return isBraced(what.left);
    case "call": {
      const name = what.operator.path.join(".");
      const first = what.args.length === 3 && name !== "internal.member_3" ? what.args[2] : what.args[0];
      return SIGNS.has(name) && first !== undefined && isBraced(first);
    }
    default:
      return false;
  }
}

function isBraced(term: Term): boolean {
  switch (term.kind) {
    case "set":
      return term.items.length > 0;
    case "object":
    case "set-comprehension":
    case "object-comprehension":
      return true;
    case "ref":
      return isBraced(term.head);
    case "call-term": {
      const [first] = term.args;
      return SIGNS.has(term.operator.path.join(".")) && first !== undefined && isBraced(first);
    }
    default:
      return false;
  }
}

function writeBraced(printer: Printer, { at, body }: BodyWhat): void {
  const row = printer.rowOf(at);
  const last = body.at(-1);
  const open = printer.source.text.lastIndexOf("{", at.span.start);
  const place = { ...printer.placeOf({ ...at, span: { start: open, end: printer.source.text.length } }) };
  printer.write("{");
  writeBodyIn(printer, body, place.row, closingRow(place, "{", "}"));
  if (last !== undefined && printer.rowOf(last.at) === place.row && row === place.row) printer.write(" ");
  printer.write("}");
}
