/** From a place that a plan knows back to the text. */
import { type Location, type Position, rowStart, type Source } from "@regomesh/base";

/** The word or dotted name at a place, in the source of that name; undefined where it is not there. */
export function locate(
  place: (Position & { readonly file: string }) | undefined,
  sources: readonly Source[],
): Location | undefined {
  const source = sources.find(({ name }) => name === place?.file);
  if (place === undefined || source === undefined) return undefined;
  const row = rowStart(source, place.row);
  // Columns count code points, offsets code units.
  const before = [...source.text.slice(row, row + place.column * 2)].slice(0, place.column - 1).join("").length;
  const start = Math.min(row + before, source.text.length);
  const end = start + (/^[\w.]+/.exec(source.text.slice(start))?.[0].length ?? 1);
  return { source, span: { start, end } };
}
