import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareNumberTexts, plainNumber } from "./number-literal.ts";

/** From the least to the greatest; those of one row are equal. */
const ROWS: readonly (readonly string[])[] = [
  ["-2e400"],
  ["-1e400", "-10e399"],
  ["-9007199254740993"],
  ["-9007199254740992", "-9007199254740992.0"],
  ["-1", "-1.0", "-0.1e1"],
  ["-2e-400"],
  ["-1e-400"],
  ["0", "-0", "0.0", "0e5", "-0.00e-3"],
  ["1e-400"],
  ["0.1", "0.10", "1e-1"],
  ["0.12"],
  ["0.3"],
  ["1", "1.0", "10e-1"],
  ["9"],
  ["10", "1e1", "1E+1"],
  ["9007199254740992"],
  ["9007199254740993"],
  ["1e400"],
  ["2e400"],
];

/** Without a zero's sign. */
function orderOf(a: string, b: string): number {
  return Math.sign(compareNumberTexts(a, b)) || 0;
}

describe("compareNumberTexts", () => {
  const all = ROWS.flatMap((row, rank) => row.map((text) => ({ text, rank })));
  test.each(all)("$text", ({ text, rank }) => {
    for (const other of all)
      expect([other.text, orderOf(text, other.text)]).toEqual([other.text, Math.sign(rank - other.rank)]);
  });

  test("is the order of the numbers, and equal for what is one plainly", () => {
    const number = fc.oneof(fc.integer(), fc.float({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(orderOf(String(a), String(b))).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(plainNumber(String(a)) === plainNumber(String(b))).toBe(a === b);
      }),
    );
  });
});
