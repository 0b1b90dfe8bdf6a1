/**
 * What an index of data is made by, as words in memory (runtime/assembly/data-index/spec.ts reads them); a
 * list is its length and its members, a name the address of an atom:
 *
 *   index   {leaves arrays as they are, list of names, list of names or ANY_MEMBER, list of steps, list of levels}
 *   step    {WitnessKind.field, name} {WitnessKind.each} {WitnessKind.data, list of names}
 *   level   {LevelTest, of the witness, place of the key in bytes, list of names, list of names}
 */
import type { DataIndex, IndexLevel, WitnessStep } from "../core/index-node.ts";
import { ANY_MEMBER, LevelTest, WitnessKind } from "./runtime-layout.ts";
import { atomOf, type IndexWord, type Statics } from "./statics.ts";

/** Where the index's words begin. */
export function putDataIndex(statics: Statics, index: DataIndex): number {
  const name = (text: string): IndexWord => ({ atom: atomOf(statics, text) });
  const names = (texts: readonly string[]): readonly IndexWord[] => [texts.length, ...texts.map(name)];
  const step = (one: WitnessStep): readonly IndexWord[] => {
    switch (one.kind) {
      case "field":
        return [WitnessKind.field, name(one.name)];
      case "each":
        return [WitnessKind.each];
      case "data":
        return [WitnessKind.data, ...names(one.path)];
    }
  };
  const level = ({ test, of, key, part, constants }: IndexLevel): readonly IndexWord[] => [
    ...[LevelTest[test], of === "witness" ? 1 : 0, key * 4],
    ...names(part),
    ...names(constants),
  ];
  const at = statics.words.length;
  statics.words.push(
    index.keepsArrays ? 1 : 0,
    ...names(index.root),
    index.path.length,
    ...index.path.map((key) => (key === undefined ? ANY_MEMBER : name(key))),
    index.witness.length,
    ...index.witness.flatMap(step),
    index.levels.length,
    ...index.levels.flatMap(level),
  );
  return at;
}
