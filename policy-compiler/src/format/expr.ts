/** Bodies and expressions. Blank lines between expressions stay, one of several. */
import type { Body, Expr, Term, What, With } from "../syntax/ast.ts";
import { writeBodyExpr } from "./logical.ts";
import { closingRow, countLineEnds, MisplacedComment, type Printer } from "./printer.ts";
import { isUnion, SIGNS, writeBodyIn, writeIn, writePlainCall, writeTerm } from "./term.ts";

export function writeBody(printer: Printer, body: Body): void {
  const [head] = body;
  if (head === undefined) return;
  printer.insertComments(printer.rowOf(head.at));
  for (const [i, expr] of body.entries()) {
    const place = printer.placeOf(expr.at);
    const before = body[i - 1];
    if (before !== undefined) {
      const last = printer.placeOf(before.at);
      if (place.row > last.row + countLineEnds(last.text) + 1) printer.blankLine();
    }
    printer.startLine();
    const { level } = printer;
    try {
      writeExpr(printer, expr);
    } catch (fault) {
      if (!(fault instanceof MisplacedComment)) throw fault;
      printer.level = level;
    }
    printer.endLine();
  }
}

export function writeExpr(printer: Printer, expr: Expr): void {
  printer.insertComments(printer.rowOf(expr.at));
  if (!printer.isInline) printer.startLine();
  if (expr.what.kind === "body") writeBodyExpr(printer, expr.what, expr.isNegated);
  else {
    if (expr.isNegated) printer.write("not ");
    const isGrouped = printer.grouped === expr;
    if (isGrouped) printer.write("(");
    writeWhat(printer, expr.what);
    if (isGrouped) printer.write(")");
  }
  writeWiths(printer, expr.with, endRow(printer, expr));
}

/**
 * The union that an expression begins with: behind a rule's brace `x | y` would be read as a comprehension. It is
 * the expression, or the first operand that is written; one further inside has its parentheses.
 */
export function leadingUnion(expr: Expr): Term | Expr | undefined {
  const { what, isNegated } = expr;
  if (what.kind === "body" && what.logical !== undefined) {
    const [first] = what.logical.operands;
    return first === undefined || first.with.length > 0 ? undefined : leadingUnion(first);
  }
  if (isNegated) return undefined;
  if (what.kind === "unify" || what.kind === "assign") return isUnion(what.left) ? what.left : undefined;
  if (what.kind !== "call") return undefined;
  const name = what.operator.path.join(".");
  if (name === "or" && what.args.length === 2) return expr;
  const first = what.args.length === 3 && name !== "internal.member_3" ? what.args[2] : what.args[0];
  return SIGNS.has(name) && first !== undefined && isUnion(first) ? first : undefined;
}

/** The row of the last line of an expression without its modifiers. */
function endRow(printer: Printer, expr: Expr): number {
  const { span } = expr.at;
  const end = expr.with[0]?.at.span.start ?? span.end;
  return printer.rowOf(expr.at) + countLineEnds(printer.source.text.slice(span.start, end).trimEnd());
}

function writeWhat(printer: Printer, what: What): void {
  switch (what.kind) {
    case "term":
      writeTerm(printer, what.term);
      return;
    case "assign":
    case "unify":
      writeTerm(printer, what.left);
      printer.write(what.kind === "assign" ? " := " : " = ");
      writeTerm(printer, what.right);
      return;
    case "call":
      writeCallExpr(printer, what);
      return;
    case "some":
      writeSome(printer, what);
      return;
    case "some-in":
      printer.insertComments(printer.rowOf(what.at));
      printer.write("some ");
      writeIn(printer, [...(what.key === undefined ? [] : [what.key]), what.value, what.domain], false);
      return;
    case "every":
      writeEvery(printer, what);
      return;
    case "body":
      return;
  }
}

/** `a < b`, and `c = a + b` for a call that names its result; other calls by name. */
function writeCallExpr(printer: Printer, what: Extract<What, { kind: "call" }>): void {
  const name = what.operator.path.join(".");
  const sign = SIGNS.get(name);
  const { args } = what;
  const operands = sign === "in" ? (name === "internal.member_3" ? 3 : 2) : 2;
  if (sign === "in" && args.length === operands) {
    writeIn(printer, args, false);
    return;
  }
  if (sign === undefined || sign === "in" || (args.length !== 2 && args.length !== 3)) {
    writePlainCall(printer, what.operator, args);
    return;
  }
  const [left, right, result] = args;
  if (left === undefined || right === undefined) return;
  if (result !== undefined) {
    writeTerm(printer, result);
    printer.write(" = ");
  }
  writeTerm(printer, left);
  printer.write(` ${sign} `);
  writeTerm(printer, right);
}

function writeSome(printer: Printer, what: Extract<What, { kind: "some" }>): void {
  let row = printer.rowOf(what.at);
  printer.insertComments(row);
  printer.write("some ");
  for (const [i, variable] of what.variables.entries()) {
    const own = printer.rowOf(variable.at);
    if (own > row) {
      printer.endLine();
      printer.startLine();
      printer.write("\t");
      row = own;
    } else if (i > 0) printer.write(" ");
    writeTerm(printer, variable);
    if (i < what.variables.length - 1) printer.write(",");
  }
}

function writeEvery(printer: Printer, what: Extract<What, { kind: "every" }>): void {
  const place = printer.placeOf(what.at);
  printer.insertComments(place.row);
  printer.write("every ");
  if (what.key !== undefined) {
    writeTerm(printer, what.key);
    printer.write(", ");
  }
  writeTerm(printer, what.value);
  printer.write(" in ");
  writeTerm(printer, what.domain);
  printer.write(" {");
  try {
    writeBodyIn(printer, what.body, place.row, closingRow(place, "{", "}"));
  } catch (fault) {
    if (!(fault instanceof MisplacedComment)) throw fault;
  }
  const [only, more] = what.body;
  if (only !== undefined && more === undefined && printer.rowOf(only.at) === place.row) printer.write(" ");
  printer.write("}");
}

/** Modifiers: in the row of the expression's end where they were, else each row of theirs a line, one level deeper. */
export function writeWiths(printer: Printer, modifiers: readonly With[], end: number): void {
  let last = end;
  let isNested = false;
  for (const [i, modifier] of modifiers.entries()) {
    const row = printer.rowOf(modifier.at);
    const isBelow = i === 0 ? row !== last && row > last : row > last;
    if (isBelow) {
      if (!isNested) printer.level++;
      isNested = true;
      printer.endLine();
      printer.startLine();
      last = row;
    }
    printer.insertComments(row);
    printer.write(isBelow ? "with " : " with ");
    writeTerm(printer, modifier.target.path.length === 0 ? modifier.target.head : modifier.target);
    printer.write(" as ");
    try {
      writeTerm(printer, modifier.value);
    } catch (fault) {
      if (!(fault instanceof MisplacedComment)) throw fault;
    }
  }
  if (isNested) printer.level--;
}
