/** Rows and columns of many places in the same sources, found without scanning a source anew for each. */
import type { Position, Source } from "@regomesh/base";

export type Places = Map<Source, readonly number[]>;

export function placeOf(places: Places, source: Source, offset: number): Position {
  let starts = places.get(source);
  if (starts === undefined) {
    starts = lineStarts(source.text);
    places.set(source, starts);
  }
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle;
  }
  const before = source.text.slice(starts[low], offset);
  return { row: low + 1, column: [...before].length + 1 };
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return starts;
}
