/** Rules: their heads, bodies and `else` links. One-line rules in neighbouring rows stay together. */

import type { Body, Head, Rule, Term } from "../syntax/ast.ts";
import { isGround } from "../syntax/ground.ts";
import { compactTerm } from "./compact.ts";
import { leadingUnion, writeBody, writeExpr } from "./expr.ts";
import { writeIterable } from "./iterable.ts";
import { closingRow, countLineEnds, MisplacedComment, type Printer } from "./printer.ts";
import { writePath, writeTerm, writeUnformatted } from "./term.ts";

export function writeRules(printer: Printer, rules: readonly Rule[]): void {
  for (const [i, rule] of rules.entries()) {
    ignoringMisplaced(printer, () => {
      printer.insertComments(printer.rowOf(rule.at));
      writeRule(printer, rule, false);
    });
    const next = rules[i + 1];
    const isGroup = next !== undefined && isGroupable(printer, rule) && isGroupable(printer, next);
    if (isGroup && printer.rowOf(next.at) === printer.rowOf(rule.at) + 1) continue;
    printer.blankLine();
  }
}

function ignoringMisplaced(printer: Printer, write: () => void): boolean {
  const { level } = printer;
  try {
    write();
    return false;
  } catch (fault) {
    if (!(fault instanceof MisplacedComment)) throw fault;
    printer.level = level;
    return true;
  }
}

function isGroupable({ style }: Printer, rule: Rule): boolean {
  return rule.body.length <= 1 && rule.else === undefined && !rule.isDefault && takesIf(style, rule.head);
}

/** A set of v0, `p[x]`, has no `if`. */
function takesIf(style: Printer["style"], head: Head): boolean {
  return (style.isV1 || style.hasIf) && (style.hasContains || !head.isSet);
}

function writeRule(printer: Printer, rule: Rule, isElse: boolean): void {
  const { style } = printer;
  if (!isElse) printer.startLine();
  if (rule.isDefault) printer.write("default ");
  const isConstant = isTrue(rule.body) && rule.else === undefined;
  printer.endsRule = isConstant;
  const isMisplaced = ignoringMisplaced(printer, () => writeHead(printer, rule, { isElse, isConstant }));
  if (isConstant) {
    printer.endLine();
    return;
  }
  printer.endsRule = true;
  if (takesIf(style, rule.head)) {
    printer.write(" if");
    const [only, more] = rule.body;
    const head = printer.placeOf(rule.head.at);
    // OPA takes an else's head to be the word alone, however long its value is.
    const headEnd = isElse ? head.row : head.row + countLineEnds(head.text);
    if (only !== undefined && more === undefined && printer.rowOf(only.at) === headEnd && !isSetTerm(only)) {
      printer.write(" ");
      writeExpr(printer, only);
      printer.endLine();
      if (rule.else !== undefined) writeElse(printer, rule, rule.else);
      return;
    }
  }
  if (isMisplaced && printer.next < printer.remarks.length) printer.write(" { ");
  else {
    printer.write(" {");
    printer.endLine();
  }
  printer.level++;
  const [first] = rule.body;
  if (first !== undefined && takesIf(style, rule.head) && !isElse) printer.grouped = leadingUnion(first);
  ignoringMisplaced(printer, () => writeBody(printer, rule.body));
  printer.insertComments(bodyEndRow(printer, rule, isElse));
  printer.level--;
  printer.startLine();
  printer.write("}");
  if (rule.else !== undefined) writeElse(printer, rule, rule.else);
}

/** The row of the brace that closes the rule's body. */
function bodyEndRow(printer: Printer, rule: Rule, isElse: boolean): number {
  const place = { ...printer.placeOf(rule.at), text: textWithElse(printer, rule) };
  if (isElse) return closingRow(place, "{", "}");
  if (rule.head.args !== undefined && rule.head.args.length > 0) return closingRow(place, "{", "}", ["(", ")"]);
  return closingRow(place, "{", "}", hasKey(rule) ? ["[", "]"] : undefined);
}

function textWithElse(printer: Printer, rule: Rule): string {
  let last = rule;
  while (last.else !== undefined) last = last.else;
  return printer.source.text.slice(rule.at.span.start, last.at.span.end);
}

function isTrue(body: Body): boolean {
  const [only, more] = body;
  if (only === undefined || more !== undefined) return only === undefined;
  return !only.isNegated && only.with.length === 0 && only.what.kind === "term" && isTrueTerm(only.what.term);
}

function isTrueTerm(term: Term): boolean {
  return term.kind === "boolean" && term.value;
}

function isSetTerm({ isNegated, what }: Body[number]): boolean {
  return !isNegated && what.kind === "term" && what.term.kind === "set";
}

/** In the line of the closing brace if it was in one, and no comment lies between. */
function writeElse(printer: Printer, rule: Rule, link: Rule): void {
  const row = printer.rowOf(link.at);
  const { text } = printer.source;
  const lineStart = text.lastIndexOf("\n", link.at.span.start - 1) + 1;
  const isFirstInLine = text.slice(lineStart, link.at.span.start).trim() === "";
  const wasInline = row > printer.rowOf(rule.at) && !isFirstInLine;
  const remark = printer.remarks[printer.next];
  const hasComment = (remark !== undefined && remark.row < row) || printer.beforeEnd !== undefined;
  if (!hasComment && wasInline) printer.write(" ");
  else {
    printer.blankLine();
    printer.startLine();
  }
  printer.insertComments(row);
  if (hasComment && !wasInline) printer.startLine();
  writeRule(printer, link, true);
}

type How = { readonly isElse: boolean; readonly isConstant: boolean };

function writeHead(printer: Printer, rule: Rule, { isElse, isConstant }: How): void {
  const { head } = rule;
  const { style } = printer;
  if (isElse) printer.write("else");
  else {
    if (!writeName(printer, head)) return;
    if (head.args !== undefined && head.args.length > 0) writeArgs(printer, head, head.args);
  }
  if (head.isSet) {
    printer.write(style.hasContains ? " contains " : "[");
    writeTerm(printer, head.value);
    if (!style.hasContains) printer.write("]");
    return;
  }
  const hasOwnKey = !isElse && hasKey(rule);
  const isPlainTrue = isTrueTerm(head.value);
  if (!hasOwnKey && isPlainTrue && !isConstant && !rule.isDefault) return;
  // A constant of several segments: a.b.c is a.b.c := true, and no set.
  const isReference = style.isV1 && isConstant && !hasOwnKey && head.args === undefined;
  if (!isElse && isPlainTrue && isImplied(rule) && !isReference) return;
  printer.write(rule.form?.sign === ":=" || style.isV1 ? " := " : " = ");
  if (isElse) {
    // The value begins the link's line, wherever it stood.
    printer.insertComments(printer.rowOf(head.at));
  }
  writeTerm(printer, head.value);
}

/** A true that nothing wrote, and that goes without saying: of `f(1)`, and of `p[x] if …`. */
function isImplied({ head, form }: Rule): boolean {
  if (form?.sign !== undefined) return false;
  return form?.hasBody !== true || (form.hasIf && head.ref.length === 2 && head.args === undefined);
}

/** `p[x]`, as OPA keeps it in the tree: a head of two segments that names a key of an object. */
function hasKey({ head, form }: Rule): boolean {
  const [, key] = head.ref;
  if (head.isSet) return true;
  if (head.ref.length !== 2 || key === undefined || head.args !== undefined || form?.hasBody !== true) return false;
  return form.hasIf ? !isGround(key) : true;
}

/** False where a comment stands in the head's brackets: the head is written as it was. */
function writeName(printer: Printer, head: Head): boolean {
  const [name, ...path] = head.ref;
  const first = name?.kind === "string" ? name.value : "";
  const [key] = path;
  if (printer.style.hasRefHeads || key === undefined) {
    printer.insertComments(printer.rowOf(head.at));
    printer.write(first);
    writePath(printer, path);
    return true;
  }
  const remark = printer.remarks[printer.next];
  if (remark !== undefined && remark.row === printer.rowOf(key.at)) {
    writeUnformatted(printer, printer.placeOf(head.at));
    return false;
  }
  printer.write(`${first}[${compactTerm(key)}]`);
  return true;
}

function writeArgs(printer: Printer, head: Head, args: readonly Term[]): void {
  const place = printer.placeOf(head.at);
  printer.write("(");
  try {
    const items = args.map((arg) => ({
      place: printer.placeOfTerm(arg),
      write: () => writeTerm(printer, arg),
    }));
    writeIterable(printer, items, place, ["(", ")"]);
  } finally {
    printer.write(")");
  }
}
