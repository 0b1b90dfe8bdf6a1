/** Every bar of the fast path that one machine can tell, by what it measures. */
import type { EnginePolicy } from "../policies.ts";
import { table } from "../table.ts";
import type { Bar } from "./bar.ts";
import { runaways, sizes, swap } from "./limits.ts";
import { sidecar } from "./sidecar.ts";
import { absolute, fuel, growth, together, tuples } from "./speed.ts";

const BARS: Readonly<Record<string, (shared: readonly EnginePolicy[]) => readonly Bar[] | Promise<readonly Bar[]>>> = {
  sizes,
  absolute,
  growth,
  together,
  fuel,
  tuples,
  runaways,
  swap,
  sidecar,
};

export const BAR_NAMES = Object.keys(BARS);

/** Those that are named; `each` is told of those of a name once they are seen. */
export async function measureBars(
  names: readonly string[],
  shared: readonly EnginePolicy[],
  each: (bars: readonly Bar[]) => void,
): Promise<readonly Bar[]> {
  const all: Bar[] = [];
  for (const name of names) {
    const bars = (await BARS[name]?.(shared)) ?? [];
    each(bars);
    all.push(...bars);
  }
  return all;
}

export function printBars(bars: readonly Bar[]): string {
  return table(
    ["", "seen", "bar", ""],
    bars.map(({ name, seen, bar, isMet }) => [name, seen, bar, isMet ? "" : "missed"]),
  );
}
