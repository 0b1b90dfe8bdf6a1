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
};

/** `[start, end)` in UTF-16 code units. */
export type Span = { readonly start: number; readonly end: number };

export type Location = { readonly source: Source; readonly span: Span };

export type Position = { readonly row: number; readonly column: number };

/** Row and column (from 1) of an offset; an offset past the end is the end. */
export function positionAt(source: Source, offset: number): Position {
  const before = source.text.slice(0, offset);
  const row = countNewlines(before) + 1;
  const lineStart = before.lastIndexOf("\n") + 1;
  return { row, column: [...before.slice(lineStart)].length + 1 };
}

/** The text of a row (from 1), without its line end; "" past the end. */
export function rowText(source: Source, row: number): string {
  return (source.text.split("\n", row)[row - 1] ?? "").replace(/\r$/, "");
}

/** `name:row:column` of a location's start. */
export function printPlace(at: Location): string {
  const { row, column } = positionAt(at.source, at.span.start);
  return `${at.source.name}:${row}:${column}`;
}

function countNewlines(text: string): number {
  let count = 0;
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) count++;
  return count;
}
