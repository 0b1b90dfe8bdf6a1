/** One literal of a body: a declaration, `every`, or an expression, with its `with` modifiers. */
import type { Expr, Ref, Term, Variable, What, With } from "./ast.ts";
import { parseBracedBody } from "./body.ts";
import type { Cursor } from "./cursor.ts";
import { NESTING_MAX, TREE_DEPTH_MAX } from "./limits.ts";
import { parseInfixAfter, parseRelation, parseTerm, parseValue } from "./term.ts";

export function parseLiteral(cursor: Cursor): Expr {
  if (cursor.depth >= NESTING_MAX) cursor.failDepth();
  cursor.depth++;
  try {
    return parseNested(cursor);
  } finally {
    cursor.depth--;
  }
}

function parseNested(cursor: Cursor): Expr {
  if (cursor.token.kind === "keyword") cursor.takeAsName();
  const { start, kind, text } = cursor.token;
  if (kind === "keyword" && text === "some") return finish(cursor, start, false, parseSome(cursor));
  if (cursor.isLogical) return cursor.grammar.parseLogical(cursor);
  return parsePlain(cursor);
}

/** A literal without `and` and `or`. */
function parsePlain(cursor: Cursor): Expr {
  const { start, kind } = cursor.token;
  if (kind !== "keyword") return finish(cursor, start, false, parseWhat(cursor));
  const isNegated = cursor.accept("not") !== undefined;
  if (isNegated && cursor.isAt("some")) cursor.failHere("illegal negation of 'some'");
  if (isNegated && cursor.isAt("every")) cursor.failHere("illegal negation of 'every'");
  if (isNegated && cursor.isAt("not")) cursor.failHere("illegal negation of 'not'");
  return finish(cursor, start, isNegated, parseWhat(cursor));
}

export function finish(cursor: Cursor, start: number, isNegated: boolean, what: What): Expr {
  const modifiers = parseWiths(cursor);
  return { kind: "expr", at: cursor.from(start), isNegated, what, with: modifiers };
}

/** `every` or an expression, without `not` and `with`. */
export function parseWhat(cursor: Cursor): What {
  const { token: first } = cursor;
  if (first.kind === "keyword" && first.text === "every") return parseEvery(cursor);
  const { start } = first;
  const left = parseValue(cursor);
  const { token: sign } = cursor;
  if (sign.kind === "punct" && (sign.text === ":=" || sign.text === "=")) {
    cursor.take();
    const kind = sign.text === ":=" ? "assign" : "unify";
    const right = parseValue(cursor);
    return { kind, at: cursor.from(start), left, right };
  }
  if (left.kind === "call-term") return { kind: "call", at: left.at, operator: left.operator, args: left.args };
  return { kind: "term", at: left.at, term: left };
}

function parseSome(cursor: Cursor): What {
  const { start } = cursor.take();
  const terms = [parseRelation(cursor)];
  while (cursor.accept(",")) {
    cursor.checkParts(terms.length, "variables of some", "declare them in several");
    terms.push(parseRelation(cursor));
  }
  if (cursor.accept("in")) {
    const [first, second, extra] = terms as [Term, Term?, Term?];
    if (extra !== undefined) cursor.fail(extra.at, "expected `x in xs` or `k, v in xs` expression");
    const domain = parseRelation(cursor);
    const [key, value] = second === undefined ? [undefined, first] : [first, second];
    return parseSomeFurther(cursor, { kind: "some-in", at: cursor.from(start), key, value, domain });
  }
  const variables = terms.map((term) => {
    if (term.kind === "var") return term;
    return cursor.fail(term.at, `unexpected ${describeTerm(term)}: expected var`, "some declares variables only");
  });
  return { kind: "some", at: cursor.from(start), variables };
}

/** `some x in xs in ys`: what is matched with each of ys is whether x is in xs, which declares nothing. */
function parseSomeFurther(cursor: Cursor, first: Extract<What, { kind: "some-in" }>): What {
  let what = first;
  let links = 0;
  for (let word = cursor.accept("in"); word !== undefined; word = cursor.accept("in")) {
    if (++links > TREE_DEPTH_MAX) cursor.failDepth();
    const { key, value, domain } = what;
    const path = ["internal", key === undefined ? "member_2" : "member_3"];
    const args = key === undefined ? [value, domain] : [key, value, domain];
    const member: Term = { kind: "call-term", at: what.at, operator: { at: cursor.at(word), path }, args };
    const next = parseRelation(cursor);
    what = { kind: "some-in", at: cursor.from(what.at.span.start), key: undefined, value: member, domain: next };
  }
  return what;
}

function parseEvery(cursor: Cursor): What {
  const { start } = cursor.take();
  const variables = [parseLoopVariable(cursor)];
  if (cursor.accept(",")) variables.push(parseLoopVariable(cursor));
  cursor.expect("in", "expected `x[, y] in xs { ... }` expression");
  const domain = parseRelation(cursor);
  if (!cursor.isAt("{")) cursor.failHere("missing body");
  if (variables.some(({ name }) => name === "input" || name === "data")) {
    cursor.failHere("expected value to be a variable", "take another name than input or data");
  }
  const body = parseBracedBody(cursor);
  const [key, value] = variables.length === 2 ? variables : [undefined, variables[0]];
  return { kind: "every", at: cursor.from(start), key, value: value as Variable, domain, body };
}

function parseLoopVariable(cursor: Cursor): Variable {
  const term = parseInfixAfter(cursor, parseTerm(cursor), Number.POSITIVE_INFINITY);
  if (term.kind === "var") return term;
  return cursor.fail(term.at, `unexpected ${describeTerm(term)}: expected var`, "every takes one or two variables");
}

export function parseWiths(cursor: Cursor): readonly With[] {
  if (cursor.token.kind !== "keyword") return [];
  const modifiers: With[] = [];
  cursor.takeAsName();
  while (cursor.isAt("with")) {
    cursor.checkParts(modifiers.length, "with modifiers", "replace a whole document: with input as {…}");
    const { start } = cursor.take();
    const target = toTarget(cursor, parseTerm(cursor));
    cursor.expect("as", "expected as keyword");
    const value = parseValue(cursor);
    modifiers.push({ at: cursor.from(start), target, value });
  }
  return modifiers;
}

function toTarget(cursor: Cursor, term: Term): Ref {
  if (term.kind === "var") return { kind: "ref", at: term.at, head: term, path: [] };
  if (term.kind === "ref" && term.head.kind === "var") return term;
  return cursor.fail(term.at, "expected with target path", "with replaces input, data or a function by name");
}

export function describeTerm(term: Term): string {
  switch (term.kind) {
    case "call-term":
      return "call";
    case "array-comprehension":
      return "arraycomprehension";
    case "set-comprehension":
      return "setcomprehension";
    case "object-comprehension":
      return "objectcomprehension";
    case "template":
      return "templatestring";
    default:
      return term.kind;
  }
}
