/**
 * Who was there first. Of resources that cannot all be in force together the later ones are refused: what is in force
 * as it stands before what is new, then by the time at which an API server has made it, then by name. So whoever comes
 * later puts nobody out of force.
 */
import type { Source } from "@regomesh/base";
import type { Resource } from "@regomesh/resources";
import { nameOf } from "./report.ts";

/** Names of the files of a source that are not in force as they stand; undefined where none of it is. */
export function freshIn(
  files: readonly Source[],
  inForce: readonly Source[] | undefined,
): readonly string[] | undefined {
  if (inForce === undefined) return undefined;
  const texts = new Map(inForce.map(({ name, text }) => [name, text]));
  return files.filter(({ name, text }) => texts.get(name) !== text).map(({ name }) => name);
}

/** A comparison that puts seniors first. */
export type Seniority = (a: Resource, b: Resource) => number;

/** `fresh`: names of files that are not in force as they stand. */
export function bySeniority(fresh: ReadonlySet<string>): Seniority {
  return (a, b) =>
    Number(fresh.has(a.source.name)) - Number(fresh.has(b.source.name)) ||
    compare(a.metadata.creationTimestamp ?? LAST, b.metadata.creationTimestamp ?? LAST) ||
    compare(nameOf(a), nameOf(b));
}

/** After every time: what says none, as in files, comes after all that do. */
const LAST = "~";

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
