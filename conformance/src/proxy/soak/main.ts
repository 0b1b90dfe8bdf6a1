/**
 * `npm run soak`: prints what each sidecar took, and fails where one took more than it may;
 * with `--chaos` a whole mesh under everything at once, with a count of swaps, kills, edits or poisoned
 * commits a whole mesh under so many of them, and a steady load.
 */
import { parseArgs } from "node:util";
import { chaos } from "../../chaos/main.ts";
import { endure } from "../../endure/main.ts";
import { TRIALS, type Trial } from "../../endure/trials.ts";
import { type Soaked, soak } from "./soak.ts";

const MEGABYTE = 1_000_000;
/** How far a sidecar's peak may be above its warm state. */
export const ABOVE_BYTES_MAX = 20 * MEGABYTE;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      megabytes: { type: "string", default: "1000" },
      rate: { type: "string", default: "50" },
      chaos: { type: "boolean", default: false },
      minutes: { type: "string", default: "10" },
      seed: { type: "string" },
      "per-second": { type: "string", default: "500" },
      ...(Object.fromEntries(TRIALS.map((name) => [name, { type: "string" }])) as Record<Trial, { type: "string" }>),
    },
  });
  for (const trial of TRIALS) {
    if (values[trial] !== undefined) return await runTrial(trial, values[trial], values["per-second"], values.seed);
  }
  if (values.chaos) return await runChaos(Number(values.minutes), values.seed);
  const [megabytes, rate] = [Number(values.megabytes), Number(values.rate)];
  if (!(megabytes > 0) || !(rate > 0)) {
    console.error("soak: --megabytes and --rate (megabytes a second) are numbers above 0");
    return 64;
  }
  const soaked = await soak({ bytes: Math.floor(megabytes * MEGABYTE), bytesPerSecond: rate * MEGABYTE });
  console.log(`${megabytes} MB through two sidecars over mTLS, to a receiver that takes ${rate} MB/s`);
  console.log(soaked.map(printSoaked).join("\n"));
  const worst = Math.max(...soaked.map(({ aboveBytes }) => aboveBytes));
  if (worst <= ABOVE_BYTES_MAX) return 0;
  console.error(
    `soak: a peak is ${inMegabytes(worst)} MB above the warm state; ${inMegabytes(ABOVE_BYTES_MAX)} MB may be`,
  );
  return 1;
}

async function runChaos(minutes: number, seed: string | undefined): Promise<number> {
  if (!(minutes > 0) || (seed !== undefined && !/^\d+$/.test(seed))) {
    console.error("soak: --minutes is a number above 0, --seed a whole number");
    return 64;
  }
  return await chaos(minutes, seed === undefined ? undefined : Number(seed));
}

async function runTrial(trial: Trial, count: string, perSecond: string, seed = "1"): Promise<number> {
  if (![count, perSecond, seed].every((text) => /^[1-9]\d*$/.test(text))) {
    console.error(`soak: --${trial}, --per-second and --seed are whole numbers above 0`);
    return 64;
  }
  return await endure({ trial, count: Number(count), perSecond: Number(perSecond), seed: Number(seed) });
}

function printSoaked({ proxy, direction, warmBytes, aboveBytes, seconds }: Soaked): string {
  return `  ${direction.padEnd(5)}${proxy.padEnd(8)}warm ${inMegabytes(warmBytes)} MB, peak ${inMegabytes(aboveBytes)} MB above it, ${seconds.toFixed(1)} s`;
}

function inMegabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1);
}
