/** How far a rule of Rego reaches, told by its lines alone: whoever asks has a text, and compiles none. */

/** A rule of more lines is looked at as far as that. */
const ROWS_MAX = 200;

/** The last line, from 1, of the rule whose head begins in line `row`: the next one at the margin is another's. */
export function lastRow(lines: readonly string[], row: number): number {
  let last = row;
  for (let at = row + 1; at <= lines.length && at < row + ROWS_MAX; at++) {
    const line = lines[at - 1] ?? "";
    if (/^\s*(#.*)?$/.test(line)) continue;
    if (!/^([\s})\]]|else\b)/.test(line)) break;
    last = at;
  }
  return last;
}
