/** `npm run soak`: a pair of sidecars, or a whole mesh, for as long as asked. */
import { parseArgs } from "node:util";
import { chaos } from "../../chaos/main.ts";
import { amountOf, countOf } from "../../command-line.ts";
import { endure } from "../../endure/main.ts";
import { endurePushes } from "../../endure/pushes.ts";
import { TRIALS, type Trial } from "../../endure/trials.ts";
import { type Soaked, soak } from "./soak.ts";

const MEGABYTE = 1_000_000;
/** How far a sidecar's peak may be above its warm state. */
export const ABOVE_BYTES_MAX = 20 * MEGABYTE;

export const USAGE = `Sends much through two sidecars and looks at their memory; or holds a mesh under load while it is changed, killed or poisoned.

usage: npm run soak -- [--megabytes N] [--rate N]
       npm run soak -- --chaos [--minutes N] [--seed N]
       npm run soak -- --pushes N [--seed N]
       npm run soak -- --swaps N | --kills N | --edits N | --poisoned N [--per-second N] [--seed N]
  --megabytes N   each way through two sidecars over mTLS (default 1000)
  --rate N        megabytes a second that the receiver takes (default 50)
  --chaos         a mesh under everything at once
  --minutes N     of chaos, after a warm-up of twenty (default 10)
  --swaps N       so many commits of other rules: no decision mixes two revisions
  --kills N       the controller is killed so many times
  --edits N       so many commits of any kind
  --poisoned N    so many commits that must be refused
  --pushes N      the controller is killed in so many pushes, its disk full in a third of them
  --per-second N  requests beside these (default 500)
  --seed N        replays a run (default 1; of chaos a new one each time)
exit codes: 0 all held, 1 something did not, 64 wrong usage`;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      megabytes: { type: "string", default: "1000" },
      rate: { type: "string", default: "50" },
      chaos: { type: "boolean", default: false },
      minutes: { type: "string", default: "10" },
      seed: { type: "string" },
      pushes: { type: "string" },
      "per-second": { type: "string", default: "500" },
      ...(Object.fromEntries(TRIALS.map((name) => [name, { type: "string" }])) as Record<Trial, { type: "string" }>),
    },
  });
  for (const trial of TRIALS) {
    const asked = values[trial];
    if (asked === undefined) continue;
    const [perSecond, seed] = [countOf(values["per-second"], "per-second"), countOf(values.seed ?? "1", "seed")];
    return await endure({ trial, count: countOf(asked, trial), perSecond, seed });
  }
  if (values.pushes !== undefined)
    return await endurePushes(countOf(values.pushes, "pushes"), countOf(values.seed ?? "1", "seed"));
  if (values.chaos)
    return await chaos(
      amountOf(values.minutes, "minutes"),
      values.seed === undefined ? undefined : countOf(values.seed, "seed", 0),
    );
  const [megabytes, rate] = [amountOf(values.megabytes, "megabytes"), amountOf(values.rate, "rate")];
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

function printSoaked({ proxy, direction, warmBytes, aboveBytes, seconds }: Soaked): string {
  return `  ${direction.padEnd(5)}${proxy.padEnd(8)}warm ${inMegabytes(warmBytes)} MB, peak ${inMegabytes(aboveBytes)} MB above it, ${seconds.toFixed(1)} s`;
}

function inMegabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1);
}
