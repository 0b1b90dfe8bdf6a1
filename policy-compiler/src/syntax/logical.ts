/**
 * `and`, `or` and the better `not`, where a module imports them. They are never values, so the
 * tree needs no form for them: `a and b` is a body that holds once, `a or b` a negated body of
 * negated operands, which stops at the first operand that holds.
 */
import type { Body, Expr, What } from "./ast.ts";
import { parseBracedBody } from "./body.ts";
import type { Cursor } from "./cursor.ts";
import { NESTING_MAX } from "./limits.ts";
import { finish, parsePlain, parseWhat } from "./literal.ts";

/** `what` may be an operand as it is (`bare`), or is grouped by parentheses or braces. */
type Operand = { readonly expr: Expr; readonly isBare: boolean };

/** A literal of a module that imports any of the three. */
export function parseLogical(cursor: Cursor): Expr {
  const { start } = cursor.token;
  const operand = parseOr(cursor);
  const literal = finish(cursor, start, operand.expr.isNegated, operand.expr.what);
  if (literal.with.length > 0 && (isAtWord(cursor, "and") || isAtWord(cursor, "or"))) {
    cursor.fail(
      literal.at,
      "with may not be applied to a single-expression operand",
      "group the operand: (x with input as y)",
    );
  }
  // A group that stands alone keeps its own modifiers.
  const inner = operand.expr.with;
  if (inner.length === 0) return literal;
  return literal.with.length === 0 ? { ...literal, with: inner } : { ...literal, what: wrap([operand.expr], true) };
}

function parseOr(cursor: Cursor): Operand {
  const first = parseAnd(cursor);
  if (!isAtWord(cursor, "or")) return first;
  const operands = [first];
  while (isAtWord(cursor, "or")) {
    cursor.checkParts(operands.length, "operands of or", "split the expression into rules");
    cursor.take();
    operands.push(parseAnd(cursor));
  }
  const refused = operands.map((operand) => negate(checkOperand(cursor, operand, "or")));
  const at = cursor.from(first.expr.at.span.start);
  const logical = { word: "or", operands: operands.map(({ expr }) => expr) } as const;
  return { expr: makeExpr(at, true, { ...wrap(refused, true), logical }), isBare: false };
}

function parseAnd(cursor: Cursor): Operand {
  const first = parseOperand(cursor);
  if (!isAtWord(cursor, "and")) return first;
  const operands = [first];
  while (isAtWord(cursor, "and")) {
    cursor.checkParts(operands.length, "operands of and", "write them as a body, one a line");
    cursor.take();
    operands.push(parseOperand(cursor));
  }
  const held = operands.map((operand) => hold(checkOperand(cursor, operand, "and")));
  const at = cursor.from(first.expr.at.span.start);
  const logical = { word: "and", operands: operands.map(({ expr }) => expr) } as const;
  return { expr: makeExpr(at, false, { ...wrap(held, true), logical }), isBare: false };
}

function parseOperand(cursor: Cursor): Operand {
  if (cursor.isAt("not")) return parseNegation(cursor);
  const group = attemptGroup(cursor);
  if (group !== undefined) return group;
  const { start } = cursor.token;
  return { expr: makeExprFrom(cursor, start, false, parseWhat(cursor)), isBare: true };
}

/** With `import future.keywords.not`, what is negated is a body: an undefined part makes it fail, not the rule. */
function parseNegation(cursor: Cursor): Operand {
  if (!cursor.keywords.not) {
    const plain = cursor.peek().text === "some" || cursor.peek().text === "every" || cursor.peek().text === "not";
    if (plain) return { expr: parsePlain(cursor), isBare: true };
  }
  const { start } = cursor.take();
  if (!cursor.keywords.not) {
    return { expr: makeExprFrom(cursor, start, true, parseWhat(cursor)), isBare: true };
  }
  if (cursor.isAt("{")) {
    const body = cursor.attempt("body", () => endOperand(cursor, parseBracedBody(cursor)));
    if (body !== undefined) return { expr: makeExprFrom(cursor, start, true, wrap(body, false)), isBare: false };
  }
  const group = attemptGroup(cursor);
  if (group !== undefined) {
    return { expr: makeExprFrom(cursor, start, true, wrap([group.expr], true)), isBare: false };
  }
  if (cursor.isAt("some")) cursor.failHere("illegal negation of 'some'");
  if (cursor.isAt("every")) cursor.failHere("illegal negation of 'every'");
  const inner = cursor.token.start;
  const what = parseWhat(cursor);
  if (what.kind === "assign") {
    cursor.note({
      code: "rego_compile_error",
      severity: "error",
      message: "cannot assign vars inside negated expression",
      at: what.at,
      hint: "negate a body: not { x := … }",
    });
  }
  const expr = makeExprFrom(cursor, inner, false, what);
  return { expr: makeExprFrom(cursor, start, true, wrap([expr], true)), isBare: true };
}

/** What begins no group is not kept as a place where none is. */
function attemptGroup(cursor: Cursor): Operand | undefined {
  if (!cursor.isAt("(") && !cursor.isAt("{")) return undefined;
  if (cursor.depth >= NESTING_MAX) cursor.failDepth();
  cursor.depth++;
  try {
    return cursor.attempt("group", () => parseGroup(cursor));
  } finally {
    cursor.depth--;
  }
}

/** `(a or b)`, `(a with input as x)`, or `{ … }` as an operand; undefined where they are a term. */
function parseGroup(cursor: Cursor): Operand | undefined {
  const { start } = cursor.token;
  if (cursor.isAt("(")) {
    cursor.take();
    if (cursor.isAt("every")) cursor.failHere();
    const expr = parseLogical(cursor);
    const isTerm = expr.with.length === 0 && expr.what.kind !== "body" && !expr.isNegated && expr.what.kind !== "every";
    if (isTerm || !cursor.accept(")")) return undefined;
    return endOperand(cursor, { expr, isBare: false });
  }
  const isOperand = isAtWord(cursor, "and", -1) || isAtWord(cursor, "or", -1);
  const body = parseBracedBody(cursor);
  if (!isOperand && !isAtWord(cursor, "and") && !isAtWord(cursor, "or")) return undefined;
  return endOperand(cursor, { expr: makeExprFrom(cursor, start, false, wrap(body, false)), isBare: false });
}

/** The operand, unless what follows shows that the braces or parentheses were part of a term. */
function endOperand<T>(cursor: Cursor, operand: T): T | undefined {
  const { token } = cursor;
  if (token.kind === "eof" || token.newlineBefore) return operand;
  if (isAtWord(cursor, "and") || isAtWord(cursor, "or") || token.text === "with") return operand;
  return token.kind === "punct" && [";", "}", "]", ")"].includes(token.text) ? operand : undefined;
}

function isAtWord(cursor: Cursor, word: "and" | "or", ahead = 0): boolean {
  const token = ahead < 0 ? cursor.previous : cursor.token;
  if (!cursor.keywords[word] || token?.kind !== "ident" || token.text !== word) return false;
  // At the start of a line `or({1}, {2})` is the built-in.
  return !(ahead === 0 && token.newlineBefore && cursor.peek().text === "(" && !cursor.peek().spaceBefore);
}

function checkOperand(cursor: Cursor, operand: Operand, word: "and" | "or"): Expr {
  const { what, at } = operand.expr;
  if (!operand.isBare) return operand.expr;
  if (what.kind === "assign") {
    cursor.note({
      code: "rego_compile_error",
      severity: "error",
      message: `cannot assign vars inside implicit ${word} operand`,
      at,
      hint: "put the operand in braces: { x := … }",
    });
  }
  if (what.kind === "call" && what.operator.path.join(".") === "print") {
    cursor.fail(at, `print call may not be an ${word} operand`, "put it on a line of its own, or in braces");
  }
  return operand.expr;
}

function negate(expr: Expr): Expr {
  if (!expr.isNegated && expr.what.kind === "body" && expr.with.length === 0) return { ...expr, isNegated: true };
  return makeExpr(expr.at, true, wrap([expr], true));
}

function hold(expr: Expr): Expr {
  return expr.what.kind === "body" ? expr : makeExpr(expr.at, false, wrap([expr], true));
}

function wrap(body: Body, isImplicit: boolean): Extract<What, { kind: "body" }> {
  const first = (body[0] as Expr).at;
  const last = (body.at(-1) as Expr).at;
  const at = { source: first.source, span: { start: first.span.start, end: last.span.end } };
  return { kind: "body", at, body, isImplicit };
}

function makeExpr(at: Expr["at"], isNegated: boolean, what: What): Expr {
  return { kind: "expr", at, isNegated, what, with: [] };
}

function makeExprFrom(cursor: Cursor, start: number, isNegated: boolean, what: What): Expr {
  return makeExpr(cursor.from(start), isNegated, what);
}
