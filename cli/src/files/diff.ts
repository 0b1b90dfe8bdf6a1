/** What changed between two texts, line by line, as `diff -u` prints it. */

/** Lines of each text that are compared at most: beyond, the changed part is shown whole. */
const COMPARED_MAX = 4000;
const CONTEXT = 3;

type Edit = { readonly mark: " " | "-" | "+"; readonly line: string };

/** "" where nothing changed. */
export function printDiff(name: string, before: string, after: string): string {
  const edits = compareLines(before.split("\n"), after.split("\n"));
  if (edits.every(({ mark }) => mark === " ")) return "";
  return [`--- ${name}`, `+++ ${name}`, ...printHunks(edits), ""].join("\n");
}

function compareLines(before: readonly string[], after: readonly string[]): readonly Edit[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const same = (lines: readonly string[]): readonly Edit[] => lines.map((line) => ({ mark: " ", line }));
  return [
    ...same(before.slice(0, start)),
    ...compareMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...same(before.slice(before.length - end)),
  ];
}

/** By the longest common subsequence. */
function compareMiddle(before: readonly string[], after: readonly string[]): readonly Edit[] {
  const removed = (line: string): Edit => ({ mark: "-", line });
  const added = (line: string): Edit => ({ mark: "+", line });
  if (before.length > COMPARED_MAX || after.length > COMPARED_MAX) return [...before.map(removed), ...after.map(added)];
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const below = lengths[(i + 1) * width + j] as number;
      const right = lengths[i * width + j + 1] as number;
      const both = (lengths[(i + 1) * width + j + 1] as number) + 1;
      lengths[i * width + j] = before[i] === after[j] ? both : Math.max(below, right);
    }
  }
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      edits.push({ mark: " ", line: before[i++] as string });
      j++;
    } else if ((lengths[(i + 1) * width + j] as number) >= (lengths[i * width + j + 1] as number)) {
      edits.push(removed(before[i++] as string));
    } else edits.push(added(after[j++] as string));
  }
  return [...edits, ...before.slice(i).map(removed), ...after.slice(j).map(added)];
}

function printHunks(edits: readonly Edit[]): readonly string[] {
  const lines: string[] = [];
  let [row, newRow] = [1, 1];
  for (let i = 0; i < edits.length; ) {
    const first = edits.findIndex(({ mark }, k) => k >= i && mark !== " ");
    if (first < 0) break;
    const from = Math.max(i, first - CONTEXT);
    row += from - i;
    newRow += from - i;
    let to = first;
    for (let k = first; k < edits.length && k - to <= 2 * CONTEXT; k++) if (edits[k]?.mark !== " ") to = k;
    to = Math.min(edits.length, to + 1 + CONTEXT);
    const hunk = edits.slice(from, to);
    const removed = hunk.filter(({ mark }) => mark !== "+").length;
    const added = hunk.filter(({ mark }) => mark !== "-").length;
    lines.push(`@@ -${row},${removed} +${newRow},${added} @@`, ...hunk.map(({ mark, line }) => `${mark}${line}`));
    row += removed;
    newRow += added;
    i = to;
  }
  return lines;
}
