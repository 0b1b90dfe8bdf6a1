/** Seeded choices: the same seed draws the same program. */
import type { Random } from "@regomesh/base";

export type Draw = {
  /** 0 up to `bound`, which is not drawn. */
  readonly below: (bound: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(from: readonly T[]) => T;
  /** One of several makers, each as probable as its weight says. */
  readonly weighted: <T>(from: readonly (readonly [weight: number, make: () => T])[]) => T;
  /** `least` to `most` of what `make` makes. */
  readonly some: <T>(least: number, most: number, make: (i: number) => T) => readonly T[];
};

export function makeDraw(random: Random): Draw {
  const below = (bound: number): number => Math.floor(random() * bound);
  return {
    below,
    chance: (probability) => random() < probability,
    pick: (from) => from[below(from.length)] as (typeof from)[number],
    weighted: (from) => {
      let left = random() * from.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, make] of from) {
        left -= weight;
        if (left < 0) return make();
      }
      return (from.at(-1) as (typeof from)[number])[1]();
    },
    some: (least, most, make) => Array.from({ length: least + below(most - least + 1) }, (_, i) => make(i)),
  };
}
