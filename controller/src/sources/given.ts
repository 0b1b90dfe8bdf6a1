/** Revisions that proxies were given, with what they were made of: what they say of them is read there. */
import { sourceOf, unmounted } from "../build/source-tree.ts";
import type { Release } from "../distribution/release.ts";
import { inputsOf, nameInputs } from "./inputs.ts";
import type { Input } from "./source.ts";

/** Proxies may be so many revisions behind and still say what decided. */
const GIVEN_MAX = 256;

export type Given = ReadonlyMap<string, readonly Input[]>;

/** With a release more, under the name that proxies have it by, and under that of what it is made of now. */
export function giveRelease(given: Given, release: Release): Given {
  const inputs = inputsOf(release);
  const next = new Map(given);
  const name = nameInputs(inputs);
  for (const [key, value] of [
    [name, inputs],
    [release.revision.name, release.builtFrom ?? inputs],
  ] as const) {
    next.delete(key);
    next.set(key, value);
  }
  for (const oldest of [...next.keys()].slice(0, Math.max(0, next.size - GIVEN_MAX))) next.delete(oldest);
  return next;
}

/** Where a file that a revision's diagnostics or decisions name is: in which input, and how its source names it. */
export function findFile(given: Given, revision: string, file: string): { input: Input; file: string } | undefined {
  const inputs = given.get(revision);
  if (inputs === undefined) return undefined;
  const source = sourceOf(
    file,
    inputs.map((each) => each.source),
  );
  const input = inputs.find((each) => each.source === source);
  return input && { input, file: unmounted(source, file) };
}
