/** The figures of docs/performance.md as data (docs/performance.json): a set that is measured again takes its old one's place. */
import type { IdleResult } from "../sets/idle.ts";
import type { SetResult } from "../sets/measure-sets.ts";

export type Figures = {
  readonly sets: readonly SetResult[];
  readonly idle: readonly IdleResult[];
  /** Programs that could not be had. */
  readonly missing: readonly string[];
};

export const NO_FIGURES: Figures = { sets: [], idle: [], missing: [] };

/** `order`: names of sets as they stand in the document. */
export function mergeFigures(old: Figures, now: Figures, order: readonly string[]): Figures {
  const measured = new Set(now.sets.map(({ set }) => set));
  const sets = [...old.sets.filter(({ set }) => !measured.has(set)), ...now.sets];
  return {
    sets: sets.toSorted((a, b) => order.indexOf(a.set) - order.indexOf(b.set)),
    idle: now.idle.length > 0 ? now.idle : old.idle,
    missing: now.missing,
  };
}
