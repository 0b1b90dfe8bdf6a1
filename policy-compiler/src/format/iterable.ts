/** Items between brackets: in one line as long as they were, else each of their lines a line, and a comma behind the last. */
import { countLineEnds, MisplacedComment, type Place, type Printer } from "./printer.ts";

/** An item's row and beginning, and how it is written. */
export type Item = { readonly place: Place; readonly write: () => void };

/** `around` is what the rows of the first items are measured by; `closing` the row of the closing mark, or -1. */
export function writeIterable(printer: Printer, items: readonly Item[], around: Place, closing: number): void {
  const lines = groupLines(items, around.row);
  let isNested = lines.length > 1;
  if (lines.length === 1) {
    for (let i = printer.next; i < printer.remarks.length; i++) {
      const remark = printer.remarks[i];
      if (remark !== undefined && remark.row > around.row && remark.row < closing)
        throw new MisplacedComment(remark.text);
    }
    const [first] = items;
    const cut = first === undefined ? -1 : around.text.indexOf(first.place.text);
    if (cut > 0) isNested = countLineEnds(around.text.slice(0, cut)) > 0;
  }
  if (isNested) printer.startNested();
  for (const [i, line] of lines.entries()) {
    for (const [j, item] of line.entries()) {
      if (j > 0) printer.write(", ");
      item.write();
    }
    if (i === lines.length - 1) break;
    printer.write(",");
    printer.endLine();
    printer.startLine();
  }
  if (!isNested) return;
  printer.write(",");
  printer.endLine();
  printer.insertComments(closing);
  printer.level--;
  printer.startLine();
}

/** The items in the order of the text, a list for each row that any of them begins in. */
export function groupLines<T extends { readonly place: Place }>(
  items: readonly T[],
  row: number,
): readonly (readonly T[])[] {
  const sorted = items.toSorted((a, b) => a.place.row - b.place.row || a.place.column - b.place.column);
  const lines: T[][] = [];
  let line: T[] = [];
  let last = row;
  for (const [i, item] of sorted.entries()) {
    if (item.place.row > last && i > 0) {
      lines.push(line);
      line = [];
    }
    last = item.place.row;
    line.push(item);
  }
  lines.push(line);
  return lines;
}
