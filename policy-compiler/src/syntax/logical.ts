/**
 * `and`, `or` and the better `not`, where a module imports them. They are never values, so the
 * tree needs no form for them: `a and b` is a body that holds once, `a or b` a negated body of
 * negated operands, which stops at the first operand that holds.
 */
import type { Body, Expr, Term, What } from "./ast.ts";
import { parseBracedBody } from "./body.ts";
import type { Cursor } from "./cursor.ts";
import { NESTING_MAX } from "./limits.ts";
import { describeTerm, finish, parseWhat, parseWiths } from "./literal.ts";
import { checkBraces, checkOperand, checkUnion, failBraces, failWith, JOINS, type Join } from "./operand.ts";
import { parseTerm, parseValue } from "./term.ts";
import type { Token } from "./token.ts";

/** A literal of a module that imports any of the three. */
export function parseLogical(cursor: Cursor): Expr {
  const { start } = cursor.token;
  const first = attemptBody(cursor) ?? (hasJoins(cursor) ? attemptGroup(cursor, false, "") : undefined);
  if (first !== undefined) return finishChain(cursor, start, first);
  if (cursor.isAt("every")) return finish(cursor, start, false, parseWhat(cursor));
  const isNegated = cursor.isAt("not");
  const literal = isNegated ? parseNegation(cursor) : makeExprFrom(cursor, start, false, parseWhat(cursor));
  const { token } = cursor;
  const modifiers = parseWiths(cursor);
  const join = joinHere(cursor);
  if (join === undefined) return { ...literal, at: cursor.from(start), with: modifiers };
  if (modifiers.length > 0) failWith(cursor, token.start, join);
  if (!isNegated) checkBraces(cursor, literal, join);
  return finishChain(cursor, start, literal);
}

/** Braces that begin a literal are a body where `and` or `or` follows them, otherwise a term. */
function attemptBody(cursor: Cursor): Expr | undefined {
  if (!hasJoins(cursor) || !cursor.isAt("{")) return undefined;
  const { start } = cursor.token;
  const body = cursor.attempt("body", () => {
    const found = parseBracedBody(cursor);
    return joinHere(cursor) === undefined ? undefined : found;
  });
  if (body === undefined) return undefined;
  checkUnion(cursor, start, body, "");
  return makeExprFrom(cursor, start, false, wrap(body, false));
}

/** The operands behind the first, where there are any, and the modifiers of them all. */
function finishChain(cursor: Cursor, start: number, first: Expr): Expr {
  const expr = joinHere(cursor) === undefined ? first : parseOr(cursor, first);
  const modifiers = parseWiths(cursor);
  return modifiers.length === 0 ? expr : { ...expr, at: cursor.from(start), with: modifiers };
}

function parseOr(cursor: Cursor, first: Expr): Expr {
  const operands = [isAtJoin(cursor, "and") ? parseAnd(cursor, first) : first];
  while (isAtJoin(cursor, "or")) {
    cursor.checkParts(operands.length, "operands of or", "split the expression into rules");
    cursor.take();
    const operand = parseOperand(cursor, "or");
    operands.push(isAtJoin(cursor, "and") ? parseAnd(cursor, operand) : operand);
  }
  if (operands.length === 1) return operands[0] as Expr;
  for (const operand of operands) checkOperand(cursor, operand, "or");
  const logical = { word: "or", operands } as const;
  return makeExpr(cursor.from(first.at.span.start), true, { ...wrap(operands.map(negate), true), logical });
}

function parseAnd(cursor: Cursor, first: Expr): Expr {
  const operands = [first];
  while (isAtJoin(cursor, "and")) {
    cursor.checkParts(operands.length, "operands of and", "write them as a body, one a line");
    cursor.take();
    operands.push(parseOperand(cursor, "and"));
  }
  for (const operand of operands) checkOperand(cursor, operand, "and");
  const logical = { word: "and", operands } as const;
  return makeExpr(cursor.from(first.at.span.start), false, { ...wrap(operands.map(hold), true), logical });
}

/** `join` is what stands before it; undefined for the first of a group, where braces may turn out to be a term. */
function parseOperand(cursor: Cursor, join: Join | undefined): Expr {
  const { start } = cursor.token;
  if (cursor.isAt("{")) {
    const body = parseOperandBody(cursor, (_, end) => {
      if (join !== undefined) failBraces(cursor, { start, end }, join);
    });
    checkUnion(cursor, start, body, "");
    return makeExprFrom(cursor, start, false, wrap(body, false));
  }
  if (cursor.isAt("not")) return parseNegation(cursor);
  const group = hasJoins(cursor) ? attemptGroup(cursor, true, "") : undefined;
  if (group !== undefined) return group;
  if (cursor.isAt("every")) cursor.failHere();
  return makeExprFrom(cursor, start, false, parseWhat(cursor));
}

/** `{ … }` where braces are always a body: `failTerm` is told where a term in its place ends. */
function parseOperandBody(cursor: Cursor, failTerm: (term: Term, end: number) => void): Body {
  const { index } = cursor;
  const isEmpty = cursor.peek().text === "}";
  const { result, fault } = cursor.trial(() => parseBracedBody(cursor));
  if (result !== undefined) return result;
  if (!isEmpty) {
    cursor.returnTo(index);
    const { result: term } = cursor.trial(() => parseValue(cursor));
    if (term !== undefined) failTerm(term, (cursor.previous as Token).end);
  }
  throw fault;
}

/** With `import future.keywords.not`, what is negated is a body: an undefined part makes it fail, not the rule. */
function parseNegation(cursor: Cursor): Expr {
  const { start } = cursor.take();
  if (!cursor.keywords.not) {
    for (const word of ["some", "every", "not"])
      if (cursor.isAt(word)) cursor.failHere(`illegal negation of '${word}'`);
    return makeExprFrom(cursor, start, true, parseWhat(cursor));
  }
  if (cursor.isAt("{")) return parseNotBody(cursor, start);
  const group = attemptGroup(cursor, true, "not ");
  if (group !== undefined) return makeExprFrom(cursor, start, true, wrap([group], true));
  if (cursor.isAt("some")) cursor.failHere("illegal negation of 'some'");
  if (cursor.isAt("every")) cursor.failHere("illegal negation of 'every'");
  const inner = cursor.token.start;
  const expr = makeExprFrom(cursor, inner, false, parseWhat(cursor));
  return makeExprFrom(cursor, start, true, wrap([expr], true));
}

function parseNotBody(cursor: Cursor, start: number): Expr {
  const open = cursor.token.start;
  const body = parseOperandBody(cursor, (term, end) => {
    const text = cursor.source.text.slice(open, end);
    cursor.fail(
      cursor.from(open),
      `\`{...}\` in an operand position must contain expression(s), got: ${describeTerm(leftmost(term))}`,
      `write \`not (${text})\` to negate the value, or \`not {${text}}\` for a body holding it`,
    );
  });
  checkUnion(cursor, open, body, "not ");
  return makeExprFrom(cursor, start, true, wrap(body, false));
}

/** What the braces hold: `{1} & s` is a call that begins with a set. */
function leftmost(term: Term): Term {
  let at = term;
  while (at.kind === "call-term" && at.args[0]?.at.span.start === at.at.span.start) at = at.args[0];
  return at;
}

/** What begins no group is not kept as a place where none is: `(a == b)` is a term. */
function attemptGroup(cursor: Cursor, isOperand: boolean, prefix: string): Expr | undefined {
  if (!cursor.isAt("(")) return undefined;
  if (cursor.depth >= NESTING_MAX) cursor.failDepth();
  cursor.depth++;
  let fault: unknown;
  try {
    // What shows that it is a group ends the search: its faults are the module's.
    const found = cursor.attempt("group", () => {
      try {
        return parseGroup(cursor, isOperand, prefix);
      } catch (error) {
        fault = error;
        return undefined;
      }
    });
    if (fault !== undefined) throw fault;
    return found;
  } finally {
    cursor.depth--;
  }
}

/** `(a or b)`, `(a with input as x)` or `(not a)`; undefined where the parentheses are a term's. */
function parseGroup(cursor: Cursor, isOperand: boolean, prefix: string): Expr | undefined {
  const open = cursor.take();
  if (cursor.isAt(")")) return isOperand ? cursor.fail(cursor.at(open), "empty parenthesized group") : undefined;
  const { token, index } = cursor;
  const first = cursor.attempt("operand", () => parseOperand(cursor, undefined));
  if (first === undefined) return undefined;
  if (joinHere(cursor) !== undefined) {
    const expr = finishChain(cursor, token.start, first);
    expectClose(cursor);
    return expr;
  }
  const isBody = token.text === "{" && first.what.kind === "body" && !first.isNegated;
  if (isBody) {
    const end = (cursor.previous as Token).end;
    cursor.returnTo(index);
    if (cursor.trial(() => parseTerm(cursor)).result !== undefined) return undefined;
    const text = cursor.source.text.slice(token.start, end);
    return cursor.fail(
      cursor.at(open),
      "`(...)` in an operand position cannot contain a body",
      `drop the parens to keep the body: \`${prefix}${text}\``,
    );
  }
  const at = cursor.token.start;
  const modifiers = parseWiths(cursor);
  if (modifiers.length > 0) {
    const join = joinHere(cursor);
    if (join !== undefined) failWith(cursor, at, join);
    expectClose(cursor);
    return isOperand || joinHere(cursor) !== undefined ? { ...first, with: modifiers } : undefined;
  }
  if (first.what.kind !== "body" && !first.isNegated) return undefined;
  expectClose(cursor);
  return first;
}

function expectClose(cursor: Cursor): void {
  if (cursor.accept(")") === undefined) cursor.fail(cursor.at(cursor.token), "expected ) to close parenthesized group");
}

function hasJoins({ keywords }: Cursor): boolean {
  return keywords.and || keywords.or;
}

function joinHere(cursor: Cursor): Join | undefined {
  return JOINS.find((word) => isAtJoin(cursor, word));
}

function isAtJoin(cursor: Cursor, word: Join): boolean {
  const { token } = cursor;
  if (!cursor.keywords[word] || token.kind !== "ident" || token.text !== word) return false;
  // At the start of a line `or({1}, {2})` is the built-in.
  return !(token.newlineBefore && cursor.peek().text === "(" && !cursor.peek().spaceBefore);
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
