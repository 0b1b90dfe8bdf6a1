/**
 * The lines of formatted text while they come to be, and the comments still to be written among them.
 * Comments are written before what stands in a later row; one in the row of what is written waits for the
 * end of its line (`beforeEnd`).
 */

import type { Location, Source, Span } from "@regomesh/base";
import { positionAt } from "@regomesh/base";
import type { Body, Expr, Term, With } from "../syntax/ast.ts";
import { SOURCE_LENGTH_MAX } from "../syntax/limits.ts";
import { makeTermKeys } from "../syntax/term-keys.ts";

/** A comment, without blanks at its end. */
export type Remark = { readonly row: number; readonly column: number; readonly text: string };

/** How rules are written: what the target language or the module's imports allow. */
export type Style = {
  /** `if` before bodies. */
  readonly hasIf: boolean;
  /** `contains` for sets. */
  readonly hasContains: boolean;
  /** The text is to be Rego v1: values stand behind `:=`. */
  readonly isV1: boolean;
  /** A head of several segments makes all heads be written as references: `a.b` and not `a["b"]`. */
  readonly hasRefHeads: boolean;
};

/** Where something stands: the row it begins in, and its text with the parentheses around it, from `start` of the source on. */
export type Place = { readonly row: number; readonly column: number; readonly start: number; readonly text: string };

/** Thrown where a comment has no place in what is formatted: the innermost term that can is written as it was. */
export class MisplacedComment extends Error {}

/** Thrown where the indentation of what nests makes more of a text than anyone can use. */
export class TextTooLong extends Error {}

/** UTF-16 code units: four times of what a source may have. */
export const TEXT_LENGTH_MAX = 4 * SOURCE_LENGTH_MAX;

/** Terms contain bodies, and bodies terms: the parts that nest in one another are handed to them here. */
export type Parts = {
  readonly writeBody: (printer: Printer, body: Body) => void;
  readonly writeExpr: (printer: Printer, expr: Expr) => void;
  readonly writeWiths: (printer: Printer, modifiers: readonly With[], end: number) => void;
};

export class Printer {
  readonly source: Source;
  readonly style: Style;
  readonly parts: Parts;
  /** Terms in parentheses, and the span with these. */
  readonly groups: ReadonlyMap<Term, Span>;
  readonly remarks: readonly Remark[];
  readonly termKeys = makeTermKeys();
  /** Index of the first comment that is not yet written. */
  next = 0;
  text = "";
  level = 0;
  /** Something stands in the present line. */
  isInline = false;
  beforeEnd: Remark | undefined;
  #isDelayed = false;
  /** Behind a term that is written as it was, a comment in its last row goes with it. */
  endsRule = false;
  /** What is put in parentheses when it is written. */
  grouped: Term | Expr | undefined;

  constructor(
    source: Source,
    { style, groups, remarks, parts }: Pick<Printer, "style" | "groups" | "remarks" | "parts">,
  ) {
    this.source = source;
    this.style = style;
    this.parts = parts;
    this.groups = groups;
    this.remarks = remarks;
  }

  write(text: string): void {
    this.text += text;
    if (this.text.length > TEXT_LENGTH_MAX) throw new TextTooLong();
  }

  startLine(): void {
    this.isInline = true;
    this.write("\t".repeat(this.level));
  }

  endLine(): void {
    this.isInline = false;
    if (this.beforeEnd !== undefined && !this.#isDelayed) {
      this.write(` ${this.beforeEnd.text}`);
      this.beforeEnd = undefined;
    }
    this.#isDelayed = false;
    this.write("\n");
  }

  blankLine(): void {
    if (this.isInline) this.endLine();
    this.write("\n");
  }

  writeLine(text: string): void {
    if (!this.isInline) this.startLine();
    this.write(text);
    this.endLine();
  }

  /** The next line is one level deeper; a comment that waits does so until its end. */
  startNested(): void {
    this.#isDelayed = true;
    this.endLine();
    this.level++;
    this.startLine();
  }

  /** Writes the comments in rows before this one; the one in it waits for the line's end. */
  insertComments(row: number): void {
    const first = this.next;
    while (this.next < this.remarks.length && (this.remarks[this.next] as Remark).row < row) this.next++;
    this.writeComments(this.remarks.slice(first, this.next));
    const last = this.remarks[this.next - 1];
    if (this.next > first && last !== undefined && row - last.row > 1) this.blankLine();
    let here: Remark | undefined;
    while (this.remarks[this.next]?.row === row) here = this.remarks[this.next++];
    if (here === undefined) return;
    if (this.beforeEnd !== undefined) {
      this.beforeEnd = undefined;
      throw new MisplacedComment(here.text);
    }
    this.beforeEnd = here;
  }

  writeComments(remarks: readonly Remark[]): void {
    let isInMetadata = false;
    for (const [i, remark] of remarks.entries()) {
      const before = remarks[i - 1];
      const isMetadata = /^#\s*METADATA\s*$/.test(remark.text);
      if (before !== undefined) {
        if (remark.row - before.row > 1) {
          this.blankLine();
          isInMetadata = false;
        } else if (remark.row - before.row === 1 && isInMetadata && isMetadata) this.blankLine();
      }
      if (isMetadata) isInMetadata = true;
      this.writeLine(remark.text);
    }
  }

  placeOf({ span }: Location): Place {
    const { start, end } = span;
    return { ...positionAt(this.source, start), start, text: this.source.text.slice(start, end) };
  }

  /** A term's place: its row is that of its own beginning, its text has the parentheses around it. */
  placeOfTerm(term: Term): Place {
    const { start, end } = this.#grouped(term);
    return { ...positionAt(this.source, term.at.span.start), start, text: this.source.text.slice(start, end) };
  }

  rowOf({ span }: Location): number {
    return positionAt(this.source, span.start).row;
  }

  /** False where no comment is left for the rows of a place: then nobody need know where its brackets close. */
  mayHoldComments({ row, start, text }: Place): boolean {
    const next = this.remarks[this.next];
    if (next === undefined) return false;
    const rows = positionAt(this.source, start + text.length).row - positionAt(this.source, start).row;
    return next.row <= row + rows;
  }

  #grouped(term: Term): Span {
    const own = this.groups.get(term);
    if (own !== undefined) return own;
    const { start, end } = term.at.span;
    const first = term.kind === "call-term" ? term.args[0] : term.kind === "ref" ? term.head : undefined;
    // What begins with a term in parentheses begins with the parenthesis.
    if (first === undefined || first.at.span.start !== start) return { start, end };
    return { start: this.#grouped(first).start, end };
  }
}

/**
 * The row of the mark that closes the first one that opens in a text, or -1. Rows count from that of the
 * opening mark's line as if it were the text's first, and marks in strings count: so does OPA.
 */
export function closingRow(
  place: Place,
  open: string,
  close: string,
  skip?: readonly [open: string, close: string],
): number {
  let { index, rows } = skip === undefined ? { index: 0, rows: 0 } : skipPast(place.text, 0, skip[0], skip[1]);
  index = place.text.indexOf(open, index);
  if (index < 0) return -1;
  const closed = skipPast(place.text, index, open, close);
  rows += closed.rows;
  return closed.index >= place.text.length ? -1 : place.row + rows;
}

/** Where the group ends that opens next, and how many line ends it has. */
function skipPast(text: string, from: number, open: string, close: string): { index: number; rows: number } {
  let index = text.indexOf(open, from);
  if (index < 0) return { index: text.length, rows: 0 };
  let rows = 0;
  for (let depth = 1; depth > 0; ) {
    const c = text[++index];
    if (c === undefined) break;
    if (c === open) depth++;
    else if (c === close) depth--;
    else if (c === "\n") rows++;
  }
  return { index, rows };
}

export function countLineEnds(text: string): number {
  let count = 0;
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) count++;
  return count;
}
