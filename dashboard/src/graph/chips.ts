/** Badges side by side, each as wide as its name: what has no room is counted, never cut. */

export type Chip = { readonly name: string; readonly x: number; readonly width: number };

/** Of a letter of the badges' face, and around a name. */
const LETTER = 6.6;
const PADDING = 12;
const GAP = 6;

/** The names that fit in `room`, and `+2` for the others. A name that alone is wider stands alone all the same. */
export function layChips(names: readonly string[], room: number): readonly Chip[] {
  for (let count = names.length; count > 0; count--) {
    const rest = names.length - count;
    const chips = place([...names.slice(0, count), ...(rest > 0 ? [`+${rest}`] : [])]);
    const last = chips.at(-1);
    if (last === undefined || last.x + last.width <= room || count === 1) return chips;
  }
  return [];
}

function place(names: readonly string[]): readonly Chip[] {
  const chips: Chip[] = [];
  let x = 0;
  for (const name of names) {
    const width = Math.ceil([...name].length * LETTER) + PADDING;
    chips.push({ name, x, width });
    x += width + GAP;
  }
  return chips;
}
