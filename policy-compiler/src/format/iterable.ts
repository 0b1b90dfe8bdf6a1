/** Items between brackets: in one line as long as they were, else each of their lines a line, and a comma behind the last. */
import { closingRow, MisplacedComment, type Place, type Printer } from "./printer.ts";

/** What opens and closes a list. */
export type Marks = readonly [open: string, close: string];

/** An item's row and beginning, and how it is written. */
export type Item = { readonly place: Place; readonly write: () => void };

/** `around` is what the rows of the first items are measured by; `marks` are those that close it. */
export function writeIterable(printer: Printer, items: readonly Item[], around: Place, marks: Marks): void {
  const lines = groupLines(items, around.row);
  const closing = printer.mayHoldComments(around) ? closingRow(around, ...marks) : -1;
  let isNested = lines.length > 1;
  if (lines.length === 1) {
    for (let i = printer.next; i < printer.remarks.length; i++) {
      const remark = printer.remarks[i];
      if (remark !== undefined && remark.row > around.row && remark.row < closing)
        throw new MisplacedComment(remark.text);
    }
    const [first] = items;
    if (first !== undefined && isBehindLineEnd(around, first.place)) isNested = true;
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

/** What is written as the item is stands behind a line end: the item itself can't where none is in front of it. */
function isBehindLineEnd(around: Place, { start, text }: Place): boolean {
  const before = around.text.slice(0, Math.max(0, start - around.start));
  if (!before.includes("\n")) return false;
  const cut = around.text.indexOf(text);
  return cut > 0 && before.slice(0, cut).includes("\n");
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
