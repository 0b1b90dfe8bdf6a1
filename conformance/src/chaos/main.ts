/** `npm run soak -- --chaos`: prints what happened and what it did, and fails where something did not hold. */
import { randomInt } from "node:crypto";
import { type ChaosResult, runChaos } from "./chaos.ts";
import type { Lived } from "./processes.ts";

const MINUTES_DEFAULT = 10;
const PER_SECOND = 200;
const SEEDS = 1_000_000;
/** What lives in a process may grow by so much in ten minutes, after the warm-up. */
export const GROWTH_BYTES_MAX = 1_000_000;
const TEN_MINUTES_MS = 600_000;

/** `minutes` and `seed` as the command line has them. Gives the exit code. */
export async function chaos(minutes: number = MINUTES_DEFAULT, seed: number = randomInt(SEEDS)): Promise<number> {
  console.log(`chaos: ${minutes} minutes, seed ${seed} (npm run soak -- --chaos --minutes ${minutes} --seed ${seed})`);
  const result = await runChaos({ seed, lengthMs: minutes * 60_000, perSecond: PER_SECOND, say: console.log });
  for (const left of result.leftOut) console.log(`left out: ${left}`);
  console.log(printResult(result));
  const grown = result.lived.filter(isGrown);
  for (const { name, pid } of grown)
    console.error(`soak: what lives in ${name} (${pid}) grows by more than 1 MB in ten minutes`);
  for (const fault of result.faults) console.error(`soak: ${fault}`);
  if (result.faultCount === 0 && grown.length === 0) return 0;
  console.error(`soak: ${result.faultCount} faults, ${grown.length} that grow; seed ${seed} replays them`);
  return 1;
}

/** In proportion to the time that was looked at, and never less than for all of it. */
function isGrown({ trend }: Lived): boolean {
  return trend.growthBytes > GROWTH_BYTES_MAX * Math.max(1, trend.livedMs / TEN_MINUTES_MS);
}

function printResult({ judged, torn, lived }: ChaosResult): string {
  const memory = lived.map(({ name, trend }) => {
    const { livedMs, fromBytes, growthBytes } = trend;
    return `  ${name}: ${inMegabytes(fromBytes)} MB live when warm, ${inMegabytes(growthBytes)} MB more after ${Math.round(livedMs / 1000)} s`;
  });
  return [`decisions judged: ${judged}; torn lines: ${torn}`, ...memory].join("\n");
}

function inMegabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}
