/** Terms, each as it was but for its blanks and line ends. */
import type { Body, Operator, Ref, Term } from "../syntax/ast.ts";
import { isScalar } from "../syntax/ground.ts";
import { INFIX } from "../syntax/operators.ts";
import { termKey } from "../syntax/term-keys.ts";
import { KEYWORDS } from "../syntax/token.ts";
import { compactTerm, PLAIN_NAME, quote } from "./compact.ts";
import { groupLines, type Item, type Marks, writeIterable } from "./iterable.ts";
import { closingRow, countLineEnds, MisplacedComment, type Place, type Printer } from "./printer.ts";

/** The signs of the built-ins that are written between their operands. */
export const SIGNS: ReadonlyMap<string, string> = new Map([
  ...[...INFIX].map(([sign, { builtin }]) => [builtin, sign] as const),
  ["internal.member_3", "in"],
  ["eq", "="],
  ["assign", ":="],
]);

/** The term; where a comment has no place in it, as it was, and the fault goes on to whoever holds the term. */
export function writeTerm(printer: Printer, term: Term): void {
  const { text, level, next } = printer;
  try {
    writeTermIn(printer, term, false);
  } catch (fault) {
    if (!(fault instanceof MisplacedComment)) throw fault;
    printer.text = text;
    printer.level = level;
    printer.next = next;
    const place = printer.placeOfTerm(term);
    const end = place.row + countLineEnds(place.text);
    const waiting = printer.beforeEnd;
    if (waiting !== undefined && waiting.row >= place.row && waiting.row <= end) printer.beforeEnd = undefined;
    writeUnformatted(printer, place);
    throw fault;
  }
}

/** What was there, with the comments in it. */
export function writeUnformatted(printer: Printer, place: Place): void {
  const last = place.row + countLineEnds(place.text);
  printer.write(place.text);
  while (printer.next < printer.remarks.length) {
    const remark = printer.remarks[printer.next];
    if (remark === undefined || remark.row > last || (remark.row === last && !printer.endsRule)) return;
    if (remark.row === last) printer.write(` ${remark.text}`);
    printer.next++;
  }
}

/** `mayGroup`: an infix call is put in parentheses. */
function writeTermIn(printer: Printer, term: Term, mayGroup: boolean): void {
  printer.insertComments(printer.rowOf(term.at));
  if (!printer.isInline) printer.startLine();
  writeValue(printer, term, mayGroup || printer.grouped === term);
  if (!printer.isInline) printer.startLine();
}

function writeValue(printer: Printer, term: Term, mayGroup: boolean): void {
  switch (term.kind) {
    case "null":
      printer.write("null");
      return;
    case "boolean":
      printer.write(String(term.value));
      return;
    case "number":
      printer.write(term.text);
      return;
    case "var":
      printer.write(term.name);
      return;
    case "string":
      printer.write(writtenString(printer, term));
      return;
    case "ref":
      writeRef(printer, term);
      return;
    case "array":
      writeList(printer, term, ["[", "]"], term.items);
      return;
    case "set":
      writeSet(printer, term);
      return;
    case "object":
      writeObject(printer, term);
      return;
    case "call-term":
      writeCall(printer, term, mayGroup);
      return;
    case "array-comprehension":
      printer.write("[");
      writeComprehension(printer, term, term.value, printer.placeOfTerm(term.value), ["[", "]"]);
      printer.write("]");
      return;
    case "set-comprehension":
      printer.write("{");
      writeComprehension(printer, term, term.value, printer.placeOfTerm(term.value), ["{", "}"]);
      printer.write("}");
      return;
    case "object-comprehension":
      writeObjectComprehension(printer, term);
      return;
    case "template":
      writeTemplate(printer, term);
      return;
  }
}

/** As it is written; a key behind a dot has no quotes. */
function writtenString(printer: Printer, term: Extract<Term, { kind: "string" }>): string {
  const { start, end } = term.at.span;
  const text = printer.source.text.slice(start, end);
  return /^["`]/.test(text) ? text : quote(term.value);
}

function writeRef(printer: Printer, ref: Ref): void {
  const isGrouped = ref.head.kind === "call-term" && printer.placeOfTerm(ref.head).text.startsWith("(");
  writeTermIn(printer, ref.head, isGrouped);
  writePath(printer, ref.path);
}

/** `.a`, `["a b"]`, `[x]`: a keyword in brackets stays in them. */
export function writePath(printer: Printer, path: readonly Term[]): void {
  for (const part of path) {
    if (part.kind === "string") {
      const isQuoted = printer.source.text[part.at.span.start] === '"';
      printer.write(isNameBehindDot(part.value, isQuoted) ? `.${part.value}` : `[${quote(part.value)}]`);
    } else if (part.kind === "var") printer.write(`[${part.name}]`);
    else {
      printer.write("[");
      try {
        writeTerm(printer, part);
      } catch (fault) {
        if (!(fault instanceof MisplacedComment)) throw fault;
        printer.write("\n");
      }
      printer.write("]");
    }
  }
}

export function isNameBehindDot(name: string, isQuoted: boolean): boolean {
  return PLAIN_NAME.test(name) && !(isQuoted && (KEYWORDS.has(name) || name === "contains"));
}

function writeList(printer: Printer, term: Term, marks: Marks, terms: readonly Term[]): void {
  printer.write(marks[0]);
  const place = printer.placeOfTerm(term);
  const items = terms.map((each) => itemOf(printer, each, true));
  writeIterable(printer, items, place, marks);
  printer.write(marks[1]);
}

function writeSet(printer: Printer, term: Extract<Term, { kind: "set" }>): void {
  if (term.items.length === 0) {
    printer.write("set()");
    printer.insertComments(closingRow(printer.placeOfTerm(term), "(", ")"));
    return;
  }
  writeList(printer, term, ["{", "}"], withoutRepeats(printer, term.items));
}

/** Items that are the same term are one to OPA: the first of them. */
function withoutRepeats(printer: Printer, items: readonly Term[]): readonly Term[] {
  if (items.length < 2) return items;
  const seen = new Set<number>();
  return items.filter((item) => {
    const key = termKey(printer.termKeys, item);
    return !seen.has(key) && seen.add(key);
  });
}

/** A union is a comprehension's bar in a collection: there it stands in parentheses. */
function itemOf(printer: Printer, term: Term, isCollection: boolean): Item {
  const place = printer.placeOfTerm(term);
  const isGrouped = isUnion(term) && (isCollection || place.text.startsWith("("));
  const write = (): void => inParentheses(printer, isGrouped, () => writeTerm(printer, term));
  return { place, write };
}

export function isUnion(term: Term): boolean {
  return term.kind === "call-term" && term.operator.path.join(".") === "or";
}

function inParentheses(printer: Printer, isGrouped: boolean, write: () => void): void {
  if (isGrouped) printer.write("(");
  write();
  if (isGrouped) printer.write(")");
}

function writeObject(printer: Printer, term: Extract<Term, { kind: "object" }>): void {
  printer.write("{");
  const place = printer.placeOfTerm(term);
  const items = (term.written ?? term.entries).map(([key, value]): Item => {
    const write = (): void => {
      inParentheses(printer, isUnion(key), () => writeTerm(printer, key));
      printer.write(": ");
      inParentheses(printer, isUnion(value), () => writeTerm(printer, value));
    };
    return { place: printer.placeOfTerm(key), write };
  });
  writeIterable(printer, items, place, ["{", "}"]);
  printer.write("}");
}

function writeCall(printer: Printer, term: Extract<Term, { kind: "call-term" }>, mayGroup: boolean): void {
  const name = term.operator.path.join(".");
  const sign = SIGNS.get(name);
  if (sign === undefined || term.args.length !== (name === "internal.member_3" ? 3 : 2)) {
    writePlainCall(printer, term.operator, term.args);
    return;
  }
  if (sign === "in") {
    writeIn(printer, term.args, true);
    return;
  }
  const [left, right] = term.args as [Term, Term];
  inParentheses(printer, mayGroup, () => {
    writeTermIn(printer, left, true);
    printer.write(` ${sign} `);
    writeTermIn(printer, right, true);
  });
}

/** `x in xs`, `k, v in xs`: the latter in parentheses where it is a term. */
export function writeIn(printer: Printer, operands: readonly Term[], isTerm: boolean): void {
  const domain = operands.at(-1) as Term;
  inParentheses(printer, isTerm && operands.length === 3, () => {
    for (const [i, operand] of operands.slice(0, -1).entries()) {
      if (i > 0) printer.write(", ");
      const isGrouped = operands.length === 3 && isMembership(operand);
      inParentheses(printer, isGrouped, () => writeTermIn(printer, operand, true));
    }
    printer.write(" in ");
    inParentheses(printer, isMembership(domain), () => writeTermIn(printer, domain, true));
  });
}

/** What would be read otherwise without parentheses, which `opa fmt` leaves out. */
function isMembership(term: Term): boolean {
  return term.kind === "call-term" && term.operator.path.join(".") === "internal.member_2";
}

export function writePlainCall(printer: Printer, operator: Operator, args: readonly Term[]): void {
  const place = printer.placeOf(operator.at);
  printer.write(operatorName(printer, operator));
  printer.write("(");
  const items = args.map((arg) => itemOf(printer, arg, false));
  writeIterable(printer, items, place, ["(", ")"]);
  printer.write(")");
}

function operatorName(printer: Printer, { at, path }: Operator): string {
  const written = printer.source.text.slice(at.span.start, at.span.end);
  const [head = "", ...rest] = path;
  return rest.reduce((name, part) => {
    const isQuoted = written.includes(`"${part}"`);
    return name + (isNameBehindDot(part, isQuoted) ? `.${part}` : `[${quote(part)}]`);
  }, head);
}

type Comprehension = Extract<Term, { readonly body: Body }>;

function writeObjectComprehension(printer: Printer, term: Extract<Term, { kind: "object-comprehension" }>): void {
  printer.write("{");
  inParentheses(printer, isUnion(term.key), () => writeTerm(printer, term.key));
  printer.write(": ");
  // The value stands in the row of the opening brace, wherever it was.
  const place = { ...printer.placeOfTerm(term.value), row: printer.rowOf(term.at) };
  writeComprehension(printer, term, term.value, place, ["{", "}"]);
  printer.write("}");
}

/** `head | body`; `place` is taken for the head's. */
function writeComprehension(printer: Printer, term: Comprehension, head: Term, place: Place, marks: Marks): void {
  if (place.row - printer.rowOf(term.at) >= 1) {
    printer.endLine();
    printer.startLine();
  }
  const isGrouped = head.kind === "call-term" && (isUnion(head) || place.text.startsWith("("));
  writeTermIn(printer, head, isGrouped);
  printer.write(" |");
  writeBodyIn(printer, term.body, place.row, closingRow(printer.placeOfTerm(term), ...marks));
}

/** A body between marks: in one line, if it began in the row and its expressions shared one, else a line for each. */
export function writeBodyIn(printer: Printer, body: Body, row: number, closing: number): void {
  const places = body.map((expr) => ({ place: printer.placeOf(expr.at) }));
  const lines = groupLines(places, row);
  if ((places[0]?.place.row ?? row) > row || lines.length > 1) {
    printer.endLine();
    printer.level++;
    try {
      printer.parts.writeBody(printer, body);
      printer.insertComments(closing);
    } finally {
      printer.level--;
      printer.startLine();
    }
    return;
  }
  printer.write(" ");
  for (const [i, expr] of body.entries()) {
    if (i > 0) printer.write("; ");
    printer.parts.writeExpr(printer, expr);
  }
  printer.insertComments(closing);
}

function escapeBraces(text: string): string {
  return text.replaceAll("{", "\\{");
}

function writeTemplate(printer: Printer, term: Extract<Term, { kind: "template" }>): void {
  const mark = printer.source.text[term.at.span.start + 1] ?? '"';
  printer.write(`$${mark}`);
  for (const part of term.parts) {
    if (typeof part === "string") {
      printer.write(escapeBraces(mark === "`" ? part : quote(part).slice(1, -1)));
      continue;
    }
    if (part.with.length === 0 && isScalar(part.term)) {
      // A constant is a part of the text.
      const text = compactTerm(part.term);
      printer.write(part.term.kind === "string" ? escapeBraces(text.slice(1, -1)) : text);
      continue;
    }
    printer.write("{");
    printer.level++;
    writeTerm(printer, part.term);
    printer.parts.writeWiths(printer, part.with, printer.rowOf(part.at));
    printer.level--;
    printer.write("}");
  }
  printer.write(mark);
}
