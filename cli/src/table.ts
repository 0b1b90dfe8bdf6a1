/** Rows under a header, aligned by the widest cell: numbers to the right, texts to the left. */

export type Column = { readonly name: string; readonly isNumber?: boolean };

/** Lines; the last column is never padded. */
export function printTable(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [columns.map(({ name }) => name), ...rows];
  const widths = columns.map((_, at) => Math.max(...all.map((cells) => widthOf(cells[at] ?? ""))));
  return all.map((cells) =>
    columns
      .map(({ isNumber = false }, at) => {
        const cell = cells[at] ?? "";
        const blank = " ".repeat((widths[at] ?? 0) - widthOf(cell));
        return isNumber ? blank + cell : cell + blank;
      })
      .join("  ")
      .trimEnd(),
  );
}

function widthOf(text: string): number {
  return [...text].length;
}
