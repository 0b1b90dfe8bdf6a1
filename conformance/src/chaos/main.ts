/** `npm run soak -- --chaos`: prints what happened and what it did, and fails where something did not hold. */
import { randomInt } from "node:crypto";
import { type ChaosResult, runChaos } from "./chaos.ts";
import { isGrowing, type Trend } from "./memory-trend.ts";
import type { Lived } from "./processes.ts";

const MINUTES_DEFAULT = 10;
const PER_SECOND = 200;
const SEEDS = 1_000_000;
/** What lives in a process, and what is resident of it, may grow by so much in ten minutes, once it is warm. */
export const GROWTH_BYTES_MAX = 1_000_000;

/** `minutes` and `seed` as the command line has them. Gives the exit code. */
export async function chaos(minutes: number = MINUTES_DEFAULT, seed: number = randomInt(SEEDS)): Promise<number> {
  console.log(
    `chaos: ${minutes} minutes after a warm-up of twenty, seed ${seed} (npm run soak -- --chaos --minutes ${minutes} --seed ${seed})`,
  );
  const result = await runChaos({ seed, lengthMs: minutes * 60_000, perSecond: PER_SECOND, say: console.log });
  for (const left of result.leftOut) console.log(`left out: ${left}`);
  console.log(printResult(result));
  const grown = result.lived.filter(isGrown);
  for (const { name, pid } of grown)
    console.error(`soak: the memory of ${name} (${pid}) grows by more than 1 MB in ten minutes`);
  for (const fault of result.faults) console.error(`soak: ${fault}`);
  if (result.faultCount === 0 && grown.length === 0) return 0;
  console.error(`soak: ${result.faultCount} faults, ${grown.length} that grow; seed ${seed} replays them`);
  return 1;
}

function isGrown({ live, resident }: Lived): boolean {
  return isGrowing(live, GROWTH_BYTES_MAX) || isGrowing(resident, GROWTH_BYTES_MAX);
}

function printResult({ judged, torn, lived }: ChaosResult): string {
  const memory = lived.map(({ name, live, resident }) => {
    const seconds = Math.round(resident.spanMs / 1000);
    const trends = `  ${name}, over ${seconds} s: ${printTrend("resident", resident)}; ${printTrend("live", live)}`;
    const least = Object.entries({ resident, live }).map(
      ([what, trend]) => `    ${what} of each half minute: ${trend.leastBytes.map(inMegabytes).join(" ")}`,
    );
    return [trends, ...least].join("\n");
  });
  return [`decisions judged: ${judged}; torn lines: ${torn}`, ...memory].join("\n");
}

function printTrend(what: string, { fromBytes, bytesInTenMinutes, errorBytes }: Trend): string {
  const change = `${bytesInTenMinutes < 0 ? "" : "+"}${inMegabytes(bytesInTenMinutes)} ± ${inMegabytes(errorBytes)}`;
  return `${inMegabytes(fromBytes)} MB ${what}, ${change} in ten minutes`;
}

function inMegabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}
