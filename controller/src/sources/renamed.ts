/** Sources that a commit of the mesh gives another name, and nothing else: what is in force of them stays so under that. */
import { readAs } from "./read-as.ts";
import { ROOT_SOURCE, type SourceContent } from "./source.ts";
import type { SourcePlan } from "./source-plan.ts";

/** What is in force of sources that `plans` name no more, under the names by which they have them now. */
export function renamedIn(plans: readonly SourcePlan[], inForce: readonly SourceContent[]): readonly SourceContent[] {
  const names = new Set([ROOT_SOURCE, ...plans.map(({ name }) => name)]);
  const left = inForce.filter(({ source, readAs: as }) => as !== undefined && !names.has(source));
  const known = new Set(inForce.map(({ source }) => source));
  return plans.flatMap((plan) => {
    const before = known.has(plan.name) ? undefined : left.find((content) => content.readAs === readAs(plan));
    return before === undefined ? [] : [{ ...before, source: plan.name }];
  });
}
