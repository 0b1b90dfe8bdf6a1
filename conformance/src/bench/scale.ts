/** `--only scale`: what a change costs in a mesh of a given size, against the goals for the largest. */
import { measureScale, printArrival, type Scale, type ScaleOptions } from "../scale/measure.ts";

/** Milliseconds at p99 from the build's end, of an endpoint from its proxy's word; megabytes. */
const GOALS: Readonly<Record<string, number>> = {
  "everything changes": 1000,
  "one line changes": 300,
  "an endpoint moves": 100,
};
const CONTROLLER_MEGABYTES_MAX = 400;
/** Of one line, until the last that is told has it. */
const FROM_COMMIT_MS_MAX = 1000;
/** Of one file of a hundred rules. */
const REBUILD_MS_MAX = 200;

export async function runScale(options: ScaleOptions): Promise<number> {
  const scale = await measureScale(options, (line) => console.log(`  ${line}`));
  console.log(printScale(scale));
  const missed = missedGoals(scale);
  for (const goal of missed) console.log(`goal missed: ${goal}`);
  return missed.length;
}

function printScale({ options, arrivals, firstMs, firstKilobytesEach, ...memory }: Scale): string {
  const { proxies, services, endpoints, rules, calls, real, rounds } = options;
  const called = calls === 0 ? "all" : String(calls);
  return [
    `scale: ${proxies} proxies (${real} real; what the others are sent is unfolded and checked once for all of them, in one process), ${services} services (each calls ${called}), ${endpoints} endpoints, ${rules} rules; ${rounds} rounds`,
    `first connection: all in ${(firstMs / 1000).toFixed(1)} s, ${firstKilobytesEach.toFixed(0)} kB each`,
    ...arrivals.map(printArrival),
    `memory: controller ${memory.controllerMegabytes.toFixed(0)} MB, its build process ${memory.builderMegabytes?.toFixed(0) ?? "?"} MB`,
    "",
  ].join("\n");
}

function missedGoals({ arrivals, controllerMegabytes }: Scale): readonly string[] {
  const slow = arrivals.flatMap(({ name, buildMs = 0 }) =>
    name === "one line changes" && buildMs > REBUILD_MS_MAX
      ? [`one file is built anew in ${buildMs.toFixed(0)} ms, not ${REBUILD_MS_MAX} ms`]
      : [],
  );
  const late = arrivals.flatMap(({ name, p99Ms, told, effect, fromCommitMs = 0 }) => {
    const goal = GOALS[name];
    if (goal === undefined) return told === 0 ? [] : [`${name}: nobody should be told, ${told} were`];
    const effectMs = effect?.p99Ms ?? 0;
    return [
      ...(p99Ms <= goal ? [] : [`${name}: p99 ${p99Ms.toFixed(0)} ms, not ${goal} ms`]),
      ...(effectMs <= goal ? [] : [`${name}: responses change by ${effectMs.toFixed(0)} ms (p99), not ${goal} ms`]),
      ...(fromCommitMs <= FROM_COMMIT_MS_MAX || name !== "one line changes"
        ? []
        : [`${name}: ${fromCommitMs.toFixed(0)} ms from the commit, not ${FROM_COMMIT_MS_MAX} ms`]),
    ];
  });
  const large =
    controllerMegabytes <= CONTROLLER_MEGABYTES_MAX
      ? []
      : [`the controller has ${controllerMegabytes.toFixed(0)} MB, not ${CONTROLLER_MEGABYTES_MAX} MB`];
  return [...late, ...slow, ...large];
}
