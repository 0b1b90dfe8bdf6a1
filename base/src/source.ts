/**
 * A text that people wrote (Rego, YAML, flags) and the places in it.
 *
 * Offsets are UTF-16 code units from 0; rows and columns are computed only when
 * a place is printed, and count from 1 (columns in code points, as OPA does).
 */
export type Source = {
  /** The path as the user knows it, relative to what they named. */
  readonly name: string;
  readonly text: string;
  /** Offset of the first bytes that were no UTF-8, where there are any: the text has U+FFFD for them. */
  readonly illegalAt?: number;
};

/** `[start, end)` in UTF-16 code units. */
export type Span = { readonly start: number; readonly end: number };

export type Location = { readonly source: Source; readonly span: Span };

export type Position = { readonly row: number; readonly column: number };

/** Row and column (from 1) of an offset; an offset past the end is the end. */
export function positionAt(source: Source, offset: number): Position {
  const { starts, isBasic } = linesOf(source);
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle;
  }
  const start = starts[low] as number;
  const end = Math.min(offset, source.text.length);
  return { row: low + 1, column: (isBasic ? end - start : countCodePoints(source.text, start, end)) + 1 };
}

/** The text of a row (from 1), without its line end; "" past the end. */
export function rowText(source: Source, row: number): string {
  const start = linesOf(source).starts[row - 1];
  if (start === undefined) return "";
  const end = source.text.indexOf("\n", start);
  return source.text.slice(start, end < 0 ? undefined : end).replace(/\r$/, "");
}

/** Offset at which a row (from 1) begins; that of the end past it. */
export function rowStart(source: Source, row: number): number {
  return linesOf(source).starts[row - 1] ?? source.text.length;
}

/** `name:row:column` of a location's start. */
export function printPlace(at: Location): string {
  const { row, column } = positionAt(at.source, at.span.start);
  return `${at.source.name}:${row}:${column}`;
}

/** What places are computed from. A source never changes, so it is read through once. */
type Lines = {
  readonly starts: readonly number[];
  /** No character takes two code units, so that columns are differences of offsets. */
  readonly isBasic: boolean;
};

const LINES = new WeakMap<Source, Lines>();

function linesOf(source: Source): Lines {
  const known = LINES.get(source);
  if (known !== undefined) return known;
  const starts = [0];
  for (let i = source.text.indexOf("\n"); i >= 0; i = source.text.indexOf("\n", i + 1)) starts.push(i + 1);
  const lines = { starts, isBasic: !/[\ud800-\udfff]/.test(source.text) };
  LINES.set(source, lines);
  return lines;
}

/** Code points between two offsets. */
function countCodePoints(text: string, start: number, end: number): number {
  return [...text.slice(start, end)].length;
}
