/** What a revision was made of, and how it is called after that. */
import { canonicalJson, snapshotHash } from "@regomesh/protocol";
import type { Release } from "../distribution/release.ts";
import { type Input, ROOT_SOURCE, type SourceContent } from "./source.ts";

/** Digits of a commit's hash: names of revisions look alike, whatever they are made of. */
const NAME_LENGTH = 40;

export function toInput({ source, label, path, revision }: SourceContent): Input {
  return { source, label, path, ...revision };
}

/** The root source first, then by name. */
export function sortInputs<T extends { readonly source: string }>(inputs: readonly T[]): readonly T[] {
  const rank = ({ source }: T) => (source === ROOT_SOURCE ? "" : source);
  return [...inputs].sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
}

/** A revision of one source is called as its commit; of several, as a digest of them all. */
export function nameInputs(inputs: readonly Input[]): string {
  const [first, ...others] = sortInputs(inputs);
  if (first === undefined) return "";
  if (others.length === 0) return first.id;
  const all = [first, ...others].map(({ source, id }) => [source, id]);
  return snapshotHash(canonicalJson(all)).slice(0, NAME_LENGTH);
}

/** A release that an earlier version has kept names its commit alone. */
export function inputsOf({ inputs, revision, source }: Release): readonly Input[] {
  if (inputs !== undefined) return inputs;
  const { hash, ...commit } = revision.commit ?? { hash: revision.name, subject: "", author: "", committedAtMs: 0 };
  return [{ source: ROOT_SOURCE, label: source, path: "", id: hash, ...commit }];
}

/** The one that people hear of where there is room for one: which was changed last. */
export function newestOf(inputs: readonly Input[]): Input | undefined {
  return inputs.reduce<Input | undefined>(
    (newest, input) => (newest === undefined || input.committedAtMs > newest.committedAtMs ? input : newest),
    undefined,
  );
}

/** Of contents those that inputs name, by source. */
export function pickContents(contents: readonly SourceContent[], inputs: readonly Input[]): Map<string, SourceContent> {
  const found = inputs.flatMap(({ source, id, path }) => {
    const content = contents.find((each) => each.source === source && each.revision.id === id && each.path === path);
    return content === undefined ? [] : [[source, content] as const];
  });
  return new Map(found);
}
