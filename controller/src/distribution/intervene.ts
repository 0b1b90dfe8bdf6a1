/**
 * An operator's word on a release that is under way: to go on without waiting, or not to go on. What
 * is proven already is none of it: that is gone back from by a rollback.
 */

import type { Publication } from "./release.ts";
import { RECEIVERS_WAIT_MS, type Stage } from "./stages.ts";
import { type Distribution, isHeld } from "./state.ts";

/** `promote`: what remains of this stage is skipped · `promote-fully`: of all stages · `abort`: it is taken back. */
export type Word = "promote" | "promote-fully" | "abort";

/** Why an operator's word has nothing to be about; undefined where it has. `revision`: how the release's name begins, where it is named. */
export function whyNoWord(state: Distribution, word: Word, revision?: string): string | undefined {
  const { publication, proven, stage } = state;
  if (publication === undefined || stage === undefined || isHeld(state)) return "no release is under way";
  const { name } = publication.release.revision;
  if (revision !== undefined && !name.startsWith(revision))
    return `the release under way is ${name.slice(0, 12)}, not ${revision}`;
  if (word === "abort") return whyNotBack(publication, proven);
  const { kind, rules } = stage;
  return kind === "everyone" && rules.bakeMs === 0 ? "everybody is given it, and it is not watched" : undefined;
}

function whyNotBack({ release }: Publication, proven: Publication | undefined): string | undefined {
  if (proven === undefined) return "it is the first release: there is nothing to go back to";
  const [before, { plan, revision }] = [proven.release, release];
  // As after a rollback to what was proven, or while nobody is connected who could prove another.
  const isSame = before.revision.name === revision.name && before.plan.meaning === plan.meaning;
  return isSame ? `what would be gone back to is ${revision.name.slice(0, 12)} as well` : undefined;
}

/** The release's stage after the word; the same where the word has nothing to be about. */
export function intervene(state: Distribution, word: Word, nowMs: number): Distribution {
  const { stage } = state;
  if (stage === undefined || whyNoWord(state, word) !== undefined) return state;
  return { ...state, stage: word === "abort" ? { ...stage, isAborted: true } : promoted(stage, word, nowMs) };
}

function promoted(stage: Stage, word: "promote" | "promote-fully", nowMs: number): Stage {
  // What is not watched is baked as soon as all have it.
  const rules = stage.kind === "everyone" || word === "promote-fully" ? { ...stage.rules, bakeMs: 0 } : stage.rules;
  if (stage.kind === "everyone") return { ...stage, rules };
  return {
    ...stage,
    kind: "everyone",
    rules,
    sinceMs: nowMs,
    takenAtMs: undefined,
    lostAtMs: undefined,
    isBaked: false,
    orderedUntilMs: nowMs + RECEIVERS_WAIT_MS,
  };
}
