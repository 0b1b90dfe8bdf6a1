/** One bar of the fast path: what it is, what was seen, and whether that keeps it. */
export type Bar = { readonly name: string; readonly seen: string; readonly bar: string; readonly isMet: boolean };

/** `unit` stands behind the numbers; the bar is the most that keeps it. */
export function atMost(name: string, seen: number, most: number, unit: string): Bar {
  return { name, seen: `${printNumber(seen)} ${unit}`, bar: `≤ ${printNumber(most)} ${unit}`, isMet: seen <= most };
}

function printNumber(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return `${Number(value.toPrecision(3))}`;
}
