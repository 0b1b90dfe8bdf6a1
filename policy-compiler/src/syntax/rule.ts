/** Rules of every kind: heads, defaults, bodies and `else` chains. */

import type { Location } from "@regomesh/base";
import type { Body, Expr, Head, Rule, RuleForm, Term } from "./ast.ts";
import { parseBracedBody } from "./body.ts";
import type { Cursor } from "./cursor.ts";
import { checkDefault } from "./default-rule.ts";
import { isGround } from "./ground.ts";
import { checkSegments } from "./import.ts";
import { ELSE_LINKS_MAX, NESTING_MAX } from "./limits.ts";
import { parseLiteral } from "./literal.ts";
import { CONTAINS, failV0Body, IF, IF_HINT, isShort } from "./rule-form.ts";
import { parseItems, parsePath, parseTerm, parseValue } from "./term.ts";

/** The rule here; bodies in a row, `p if { … } { … }`, are rules with the same head. */
export function parseRules(cursor: Cursor): readonly Rule[] {
  const { rule: first, hasBody } = parseRule(cursor);
  const rules = [first];
  while (hasBody && cursor.isAt("{")) {
    if (first.else !== undefined) cursor.failHere("expected else keyword");
    cursor.checkParts(rules.length, "bodies of a rule", "give each body a head of its own");
    const { start } = cursor.token;
    const body = parseBracedBody(cursor);
    rules.push({ ...first, at: cursor.from(start), body, else: undefined });
  }
  return rules;
}

type Parsed = { readonly rule: Rule; readonly hasBody: boolean };

function parseRule(cursor: Cursor): Parsed {
  const { index } = cursor;
  const { start } = cursor.token;
  const isDefault = cursor.accept("default") !== undefined;
  if (isDefault) cursor.takeAsName();
  const { head: written, sign, isApart } = parseHead(cursor);
  if (isDefault) {
    const head = withoutEmptyArgs(written);
    // OPA takes `default a` for `default a := true`, but no longer head.
    const isNamed = written.ref.length === 1 && !written.isSet && !cursor.isAt("if");
    if (sign === undefined && !isNamed) cursor.fail(head.at, "illegal default rule (must have a value)");
    checkDefault(cursor, head);
    const form = { hasIf: false, hasContains: false, sign, hasBody: false };
    const rule = { at: cursor.from(start), isDefault, head, body: makeTrue(head.at), else: undefined, form };
    return { rule, hasBody: false };
  }
  const hasIf = cursor.isAt("if");
  if (cursor.version !== "v0" && cursor.isAt("{")) failV0Body(cursor, written, sign);
  const body = parseRuleBody(cursor);
  if (isApart && body === undefined) failBareName(cursor, written);
  const isBare = body === undefined && !written.isSet;
  if (isBare && sign === undefined) checkHeadAlone(cursor, written, index);
  if (isBare) checkSingle(cursor, start);
  const isV0Head = cursor.version === "v0" && !hasIf && isShort(written);
  const head = isV0Head && sign === undefined ? toSetHead(written) : withoutEmptyArgs(written);
  const form = { hasIf, hasContains: written.isSet, sign, hasBody: body !== undefined };
  if (isV0Head && cursor.isAt("else")) failMultiValueElse(cursor);
  const links = isAtElse(cursor) ? parseElse(cursor, head, body !== undefined) : [];
  const chain = links.reduceRight<Rule | undefined>((rest, link) => ({ ...link, else: rest }), undefined);
  const rule = { at: cursor.from(start), isDefault, head, body: body ?? makeTrue(head.at), else: chain, form };
  return { rule, hasBody: body !== undefined };
}

/** Capabilities of old versions know heads of one name and a key, later ones of names. */
function checkHeadFeatures(cursor: Cursor, ref: readonly Term[], start: number): void {
  if (ref.length <= 2 || cursor.has("rule_head_refs")) return;
  const isPlain = ref.slice(0, -1).every(({ kind }) => kind === "string");
  if (isPlain && cursor.has("rule_head_ref_string_prefixes")) return;
  const which = isPlain ? "refs" : "general refs (containing variables)";
  cursor.fail(cursor.from(start), `rule heads with ${which} are not supported by current capabilities`);
}

/** Parentheses with nothing in them make no function. */
function withoutEmptyArgs(head: Head): Head {
  return head.args?.length === 0 ? { ...head, args: undefined } : head;
}

function toSetHead(head: Head): Head {
  const [name, key] = head.ref as [Term, Term];
  return { ...head, ref: [name], isSet: true, value: key };
}

/** A rule without a body is one expression. */
function checkSingle(cursor: Cursor, start: number): void {
  if (cursor.accept(";") === undefined) return;
  if (cursor.isKind("eof")) cursor.failHere();
  parseLiteral(cursor);
  cursor.fail(
    cursor.from(start),
    "multiple expressions cannot be used for rule head",
    "put each rule on a line of its own",
  );
}

/** `else.x := 1` behind a rule is a rule of its own. */
function isAtElse(cursor: Cursor): boolean {
  if (!cursor.isAt("else")) return false;
  const next = cursor.peek();
  return next.spaceBefore || (next.text !== "." && next.text !== "[");
}

/** What behind a keyword shows that it was meant as a rule's name. */
const NAME_FOLLOWERS: ReadonlySet<string> = new Set([":=", "=", "if", "contains", "("]);

type ParsedHead = {
  readonly head: Head;
  readonly sign: RuleForm["sign"];
  /** A blank stands before the parentheses, as OPA has it in heads of rules with a body, and only of one name. */
  readonly isApart?: boolean;
};

function parseHead(cursor: Cursor): ParsedHead {
  const { token } = cursor;
  if (token.kind === "keyword" && NAME_FOLLOWERS.has(cursor.peek().text)) {
    cursor.fail(cursor.at(token), `${token.text} keyword cannot be used for rule name`);
  }
  if (token.kind !== "ident") cursor.failHere();
  cursor.take();
  if (token.text === "contains" && cursor.keywords.contains && !cursor.isAtAdjacent(".") && !cursor.isAtAdjacent("[")) {
    cursor.fail(cursor.at(token), "contains keyword cannot be used for rule name");
  }
  const name: Term = { kind: "string", at: cursor.at(token), value: token.text };
  const ref = [name, ...parsePath(cursor)];
  checkSegments(cursor, ref.length, cursor.from(token.start));
  checkHeadFeatures(cursor, ref, token.start);
  const isApart = ref.length === 1 && cursor.isAt("(") && !cursor.isAtAdjacent("(");
  const args = isApart || cursor.isAtAdjacent("(") ? parseArgs(cursor) : undefined;
  const named = cursor.from(token.start);
  const isSet = cursor.keywords.contains && cursor.isKind("ident") && cursor.token.text === "contains";
  if (isSet) {
    if (args !== undefined) cursor.failHere("the contains keyword can only be used with multi-value rule definitions");
    cursor.take();
    const value = parseValue(cursor);
    if (cursor.isAt(":=") || cursor.isAt("=")) {
      cursor.failHere(
        "the contains keyword can only be used with multi-value rule definitions (e.g., p contains <VALUE> { ... })",
      );
    }
    return { head: { at: cursor.from(token.start), ref, args, isSet, value }, sign: undefined };
  }
  const sign = acceptSign(cursor);
  const value: Term = sign === undefined ? { kind: "boolean", at: named, value: true } : parseValue(cursor);
  return { head: { at: cursor.from(token.start), ref, args, isSet, value }, sign, isApart };
}

function acceptSign(cursor: Cursor): RuleForm["sign"] {
  if (cursor.accept(":=") !== undefined) return ":=";
  return cursor.accept("=") === undefined ? undefined : "=";
}

function parseArgs(cursor: Cursor): readonly Term[] {
  cursor.take();
  return parseItems(cursor, ")");
}

/** The body, or undefined where the text has none. Behind `else`, braces are always a body's. */
function parseRuleBody(cursor: Cursor, isElse = false): Body | undefined {
  if (cursor.isAt("{")) {
    if (cursor.version === "v0") return parseBracedBody(cursor);
    cursor.fail(cursor.at(cursor.token), IF, IF_HINT);
  }
  if (cursor.accept("if") === undefined) return undefined;
  if (!cursor.isAt("{")) return [parseLiteral(cursor)];
  if (isElse) return parseBracedBody(cursor);
  const { index } = cursor;
  if (isComprehension(cursor)) {
    const literal = cursor.trial(() => parseLiteral(cursor));
    if (literal.result !== undefined && !isSetLiteral(literal.result)) return [literal.result];
    cursor.returnTo(index);
  }
  // `if { … }` is a body; `if {1, 2} == xs` and `if {"a": 1}[x]` are a literal that begins with a brace.
  const braced = cursor.trial(() => parseBracedBody(cursor));
  if (braced.result !== undefined && !continuesTerm(cursor)) return braced.result;
  const afterBody = cursor.index;
  cursor.returnTo(index);
  const literal = cursor.trial(() => parseLiteral(cursor));
  if (literal.result !== undefined && !isSetLiteral(literal.result)) return [literal.result];
  if (braced.result !== undefined) {
    cursor.returnTo(afterBody);
    return braced.result;
  }
  throw braced.fault;
}

/** `{ x | …`: what could be a comprehension is one, and not a body that begins with a union. */
function isComprehension(cursor: Cursor): boolean {
  if (!mayBeComprehension(cursor)) return false;
  const { index } = cursor;
  const isBar = cursor.trial(() => {
    cursor.take();
    parseTerm(cursor);
    return cursor.isAt("|");
  });
  cursor.returnTo(index);
  return isBar.result === true;
}

/**
 * The same by the tokens alone: no blank is in a term but inside of brackets, behind a minus and in template strings.
 * Most bodies begin with a term that something else follows, and need not be parsed twice.
 */
function mayBeComprehension(cursor: Cursor): boolean {
  const { tokens } = cursor;
  let index = cursor.index + (cursor.peek().text === "-" ? 2 : 1);
  for (let depth = 0, length = 0; ; index++, length++) {
    const { kind, text, spaceBefore } = tokens[index] ?? cursor.peek(index - cursor.index);
    if (kind === "template-start" || depth > NESTING_MAX) return true;
    if (kind === "eof" || (depth === 0 && length > 0 && spaceBefore)) return text === "|";
    if (kind !== "punct") continue;
    if (text === "{" || text === "[" || text === "(") depth++;
    else if (text === "}" || text === "]" || text === ")") depth--;
    else if (text === "|" && depth === 0) return true;
    if (depth < 0) return false;
  }
}

/** What follows a closed brace shows that the braces were a term. */
function continuesTerm(cursor: Cursor): boolean {
  const { token } = cursor;
  if (token.kind === "eof" || token.newlineBefore) return false;
  if (token.kind === "ident") return (token.text === "and" || token.text === "or") && cursor.keywords[token.text];
  return (token.kind === "punct" && token.text !== ";" && token.text !== "}") || token.text === "in";
}

/** A set is always true: `if { true }` can't have been meant as one. */
function isSetLiteral({ what }: Expr): boolean {
  return what.kind === "term" && what.term.kind === "set";
}

function parseElse(cursor: Cursor, head: Head, hasBody: boolean): readonly Rule[] {
  if (head.ref.length > 1 && head.ref.some((part) => !isGround(part))) {
    cursor.fail(cursor.at(cursor.token), "else keyword cannot be used on rules with variables in head");
  }
  if (head.isSet) failMultiValueElse(cursor);
  if (!hasBody) cursor.failHere("else needs a rule body before it");
  const links: Rule[] = [];
  while (cursor.isAt("else")) {
    if (links.length >= ELSE_LINKS_MAX) {
      cursor.fail(
        cursor.at(cursor.token),
        `max else links of ${ELSE_LINKS_MAX} exceeded`,
        "look the value up in an object",
      );
    }
    const { start } = cursor.take();
    const sign = acceptSign(cursor);
    if (sign === undefined && !cursor.isAt("if") && !cursor.isAt("{")) {
      cursor.failHere("expected else value term or rule body");
    }
    const value: Term =
      sign === undefined ? { kind: "boolean", at: cursor.from(start), value: true } : parseValue(cursor);
    const at = cursor.from(start);
    const hasIf = cursor.isAt("if");
    const body = parseRuleBody(cursor, true);
    links.push({
      at: cursor.from(start),
      isDefault: false,
      head: { ...head, at, value },
      body: body ?? makeTrue(at),
      else: undefined,
      form: { hasIf, hasContains: false, sign, hasBody: body !== undefined },
    });
    if (body === undefined) break;
  }
  return links;
}

function failMultiValueElse(cursor: Cursor): never {
  cursor.fail(cursor.at(cursor.token), "else keyword cannot be used on multi-value rules");
}

function makeTrue(at: Location): Body {
  const term: Term = { kind: "boolean", at, value: true };
  return [{ kind: "expr", at, isNegated: false, what: { kind: "term", at, term }, with: [] }];
}

function failBareName(cursor: Cursor, head: Head): never {
  const hint = "give the rule a value (name := value) or a body (name if ...)";
  cursor.fail(head.at, "var cannot be used for rule name", hint);
}

/** A head with neither value, `contains` nor body says nothing, unless it is a function's: `f("a")` is true of "a". */
function checkHeadAlone(cursor: Cursor, head: Head, start: number): void {
  const { index } = cursor;
  // A brace too many closed the rule early: say so, not what is wrong with the expressions behind it.
  const isExpression = cursor.trial(() => {
    cursor.returnTo(start);
    parseLiteral(cursor);
  });
  if (isExpression.fault === undefined && cursor.isAt("}")) cursor.failHere();
  cursor.returnTo(index);
  if (head.args !== undefined) {
    if (head.args.length > 0) return;
    cursor.fail(head.at, "rule argument list must take at least one argument");
  }
  if (cursor.version === "v0" && head.ref.length > 1) return;
  if (head.ref.length === 1) failBareName(cursor, head);
  const last = head.ref.at(-1);
  if (head.ref.length === 2 && last?.kind !== "string") {
    cursor.fail(head.at, CONTAINS, "write: name contains value");
  }
  cursor.fail(
    head.at,
    "ref cannot be used for rule name",
    "give the rule a value (a.b := value) or a body (a.b if ...)",
  );
}
