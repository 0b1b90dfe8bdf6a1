/**
 * Terms: primaries with their tails (`.a`, `[x]`, `(args)`), and infix operators by how
 * tight they bind (Pratt).
 */
import type { Operator, Term } from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import { NESTING_MAX, TREE_DEPTH_MAX } from "./limits.ts";
import { INFIX, MEMBERSHIP_LEVEL, RELATION_LEVEL } from "./operators.ts";
import { printTerm } from "./print-term.ts";
import { keywordsOf } from "./version.ts";

/** A term with operators, `k, v in xs` too: what stands where one term is expected. */
export function parseValue(cursor: Cursor): Term {
  const left = parseRelation(cursor);
  return (cursor.isAt(",") ? parsePair(cursor, left) : undefined) ?? parseInfixAfter(cursor, left);
}

/** A term with operators in a list: a comma ends it. */
export function parseItem(cursor: Cursor): Term {
  return parseInfix(cursor, MEMBERSHIP_LEVEL);
}

/** A term without `in` on its outside: the domain of `some` and `every`, a pair's parts. */
export function parseRelation(cursor: Cursor): Term {
  return parseInfix(cursor, RELATION_LEVEL);
}

/** Goes on with the operators behind a term that is parsed already. */
export function parseInfixAfter(cursor: Cursor, first: Term, least: number = MEMBERSHIP_LEVEL): Term {
  let left = first;
  for (let links = 0; ; links++) {
    if (links > TREE_DEPTH_MAX) cursor.failDepth();
    if (cursor.token.kind === "keyword") cursor.takeAsName();
    const { token } = cursor;
    if (token.kind !== "punct" && token.kind !== "keyword") return left;
    const infix = INFIX.get(token.text);
    if (infix === undefined || infix.level < least) return left;
    cursor.take();
    const right = parseInfix(cursor, infix.level + 1);
    const operator: Operator = { at: cursor.at(token), path: infix.path };
    left = { kind: "call-term", at: cursor.from(left.at.span.start), operator, args: [left, right] };
  }
}

function parseInfix(cursor: Cursor, least: number): Term {
  return parseInfixAfter(cursor, parseTerm(cursor), least);
}

/** `k, v in xs` behind `k`, or undefined where the comma means something else. */
function parsePair(cursor: Cursor, key: Term): Term | undefined {
  return cursor.attempt("pair", () => {
    cursor.take();
    const value = parseRelation(cursor);
    const word = cursor.accept("in");
    if (word === undefined) return undefined;
    const domain = parseRelation(cursor);
    const operator: Operator = { at: cursor.at(word), path: ["internal", "member_3"] };
    const call: Term = {
      kind: "call-term",
      at: cursor.from(key.at.span.start),
      operator,
      args: [key, value, domain],
    };
    return parseInfixAfter(cursor, call);
  });
}

/** A term without operators. */
export function parseTerm(cursor: Cursor): Term {
  if (cursor.depth >= NESTING_MAX) cursor.failDepth();
  cursor.depth++;
  try {
    return parseTail(cursor, parsePrimary(cursor));
  } finally {
    cursor.depth--;
  }
}

function parsePrimary(cursor: Cursor): Term {
  const { token } = cursor;
  switch (token.kind) {
    case "ident":
      cursor.take();
      return { kind: "var", at: cursor.at(token), name: token.text };
    case "string":
      cursor.take();
      return { kind: "string", at: cursor.at(token), value: token.value };
    case "number":
      cursor.take();
      return { kind: "number", at: cursor.at(token), text: token.text };
    case "template-start":
      return cursor.grammar.parseTemplate(cursor);
    case "keyword": {
      if (token.text !== "true" && token.text !== "false" && token.text !== "null") break;
      const at = cursor.at(token);
      cursor.take();
      return token.text === "null" ? { kind: "null", at } : { kind: "boolean", at, value: token.text === "true" };
    }
    case "punct":
      if (token.text === "-") return parseNegative(cursor);
      if (token.text === "[") return cursor.parseOnce(cursor.grammar.parseBrackets);
      if (token.text === "{") return cursor.parseOnce(cursor.grammar.parseBraces);
      if (token.text === "(") return cursor.isLogical ? cursor.parseOnce(parseParentheses) : parseParentheses(cursor);
      break;
    case "template-text":
    case "template-open":
    case "template-close":
    case "template-end":
    case "illegal":
    case "eof":
      break;
  }
  return cursor.failHere();
}

/** Minus before a number is part of it; before a reference it is a difference from 0. */
function parseNegative(cursor: Cursor): Term {
  const minus = cursor.take();
  const { token } = cursor;
  if (token.kind === "ident") {
    const zero: Term = { kind: "number", at: cursor.at(minus), text: "0" };
    const value = parseTail(cursor, parsePrimary(cursor));
    const operator: Operator = { at: cursor.at(minus), path: ["minus"] };
    return { kind: "call-term", at: cursor.from(minus.start), operator, args: [zero, value] };
  }
  if (token.kind !== "number") cursor.failHere("expected number", "write 0 - x to negate a value");
  cursor.take();
  return { kind: "number", at: cursor.from(minus.start), text: `-${token.text}` };
}

function parseParentheses(cursor: Cursor): Term {
  const { start } = cursor.take();
  const term = parseValue(cursor);
  if (!cursor.isAt(")")) {
    if (cursor.token.kind === "illegal") cursor.failHere();
    cursor.fail(cursor.at(cursor.token), "non-terminated expression", "close the parenthesis");
  }
  cursor.groups.set(term, { start, end: cursor.take().end });
  return term;
}

const REF_HEADS: ReadonlySet<Term["kind"]> = new Set([
  "var",
  "ref",
  "call-term",
  "array",
  "object",
  "set",
  "array-comprehension",
  "set-comprehension",
  "object-comprehension",
]);

/** `.a`, `[x]` and `(args)` right behind a term. */
function parseTail(cursor: Cursor, head: Term): Term {
  const start = head.at.span.start;
  let term = head;
  for (let links = 0; ; links++) {
    if (links > TREE_DEPTH_MAX) cursor.failDepth();
    const { kind, text, spaceBefore } = cursor.token;
    if (spaceBefore || kind !== "punct") return term;
    if (text === "(") {
      if (!REF_HEADS.has(term.kind)) return term;
      term = parseCall(cursor, term, operatorPath(term) ?? reportNoFunction(cursor, term));
    } else if (text === "." || text === "[") {
      if (!REF_HEADS.has(term.kind)) {
        cursor.fail(term.at, `illegal ref (head cannot be ${term.kind})`);
      }
      const path = parsePath(cursor);
      const at = cursor.from(start);
      if (term.kind === "ref" && links === 0)
        term = { kind: "ref", at, head: term.head, path: [...term.path, ...path] };
      else term = { kind: "ref", at, head: term, path };
    } else {
      return term;
    }
  }
}

/**
 * All `.a` and `[x]` in a row; imports name keywords in every version. As every list that stays in the tree it is given
 * without the room to grow that it was made with: V8 gives 17 places to the first.
 */
export function parsePath(cursor: Cursor, isImport = false): readonly Term[] {
  const path: Term[] = [];
  const mayKeywords = isImport || cursor.mayNameKeywords;
  while (true) {
    const { kind, text, spaceBefore } = cursor.token;
    if (spaceBefore || kind !== "punct" || (text !== "." && text !== "[")) return path.slice();
    if (path.length >= NESTING_MAX) cursor.failDepth();
    cursor.take();
    if (text === ".") {
      const { token } = cursor;
      if ((token.kind !== "ident" && token.kind !== "keyword") || token.spaceBefore) {
        cursor.failHere("expected identifier");
      }
      if (!mayKeywords && keywordsOf(cursor.version).has(token.text)) {
        cursor.fail(cursor.at(token), `unexpected ${token.text} keyword: expected identifier`, "write it in brackets");
      }
      cursor.take();
      path.push({ kind: "string", at: cursor.at(token), value: token.text });
    } else {
      path.push(parseValue(cursor));
      cursor.expect("]", "expected ]");
    }
  }
}

/** The name that a term is as a function: a variable, and strings behind it. */
function operatorPath(term: Term): readonly string[] | undefined {
  if (term.kind === "var") return [term.name];
  if (term.kind !== "ref" || term.head.kind !== "var") return undefined;
  const path = [term.head.name];
  for (const part of term.path) {
    if (part.kind !== "string") return undefined;
    path.push(part.value);
  }
  return path;
}

/** What is called has a name; a key that is no string makes none. */
function reportNoFunction(cursor: Cursor, term: Term): readonly string[] {
  const name = printTerm(term);
  const message = `undefined function ${name}`;
  cursor.note({ code: "rego_type_error", severity: "error", message, at: term.at });
  return [name];
}

function parseCall(cursor: Cursor, name: Term, path: readonly string[]): Term {
  cursor.take();
  const args = parseItems(cursor, ")");
  const at = cursor.from(name.at.span.start);
  if (path.length === 1 && path[0] === "set" && args.length === 0) return { kind: "set", at, items: [] };
  return { kind: "call-term", at, operator: { at: name.at, path }, args };
}

/** Items up to the closing mark, which is taken; a comma may stand behind the last one. */
export function parseItems(cursor: Cursor, end: ")" | "]" | "}", first: readonly Term[] = []): readonly Term[] {
  const items = [...first];
  if (items.length > 0 && !cursor.isAt(end)) cursor.expect(",", `expected , or ${end}`);
  while (!cursor.isAt(end)) {
    items.push(parseItem(cursor));
    if (!cursor.isAt(end)) cursor.expect(",", `expected , or ${end}`);
  }
  cursor.take();
  return items.slice();
}
