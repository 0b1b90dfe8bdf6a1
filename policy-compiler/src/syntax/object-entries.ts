/**
 * The entries of an object's text. Keys that are the same term are one key to OPA from the
 * parser on, and the last value is its value: what the others say is never looked at.
 */
import type { Term } from "./ast.ts";
import { type TermKeys, termKey } from "./term-keys.ts";

type Entry = readonly [Term, Term];

/** One entry for each key: as it was first written, with what was said last. */
export function lastOfEachKey(entries: readonly Entry[], keys: TermKeys): readonly Entry[] {
  if (entries.length < 2) return entries;
  const known = new Map<string | number, Entry>();
  for (const [key, value] of entries) {
    const own = key.kind === "string" ? key.value : termKey(keys, key);
    known.set(own, [known.get(own)?.[0] ?? key, value]);
  }
  return known.size === entries.length ? entries : [...known.values()];
}
