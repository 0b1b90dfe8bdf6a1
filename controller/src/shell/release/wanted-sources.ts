/** Sources that only a commit of the mesh's own names which is not in force: it may be refused for want of what they hold. */
import type { Built } from "../../build/build.ts";
import { contentKey, type Settled } from "../../sources/settle.ts";
import { ROOT_SOURCE, type SourceContent } from "../../sources/source.ts";
import type { SourcePlan } from "../../sources/source-plan.ts";
import type { Kept } from "../store/last-good.ts";

/** Those that the newest names, which is refused, and what is in force does not. */
export function wantedBy({ refused }: Settled<Built>, kept: Kept | undefined): readonly SourcePlan[] {
  const wanted = refused.get(ROOT_SOURCE)?.wanted ?? [];
  const names = kept === undefined ? [] : namesIn(kept);
  return wanted.filter(({ name }) => !names.includes(name));
}

/**
 * Contents without those of wanted sources, where what is in force of the mesh's own source is among them: it does not
 * name them. `root`: that; `named`: sources that the operator has named.
 */
export function withoutWanted(
  contents: readonly SourceContent[],
  kept: Kept,
  { root, named }: { readonly root: SourceContent | undefined; readonly named: readonly string[] },
): readonly SourceContent[] {
  const own = contents.find(({ source }) => source === ROOT_SOURCE);
  if (own === undefined || root === undefined || contentKey(own) !== contentKey(root)) return contents;
  const names = new Set([ROOT_SOURCE, ...named, ...namesIn(kept)]);
  return contents.filter(({ source }) => names.has(source));
}

function namesIn({ release }: Kept): readonly string[] {
  return (release.plan.sources ?? []).map(({ name }) => name);
}
