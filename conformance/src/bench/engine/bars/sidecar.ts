/** Bars of a real sidecar: what its own histogram says at three paces, and how long requests wait while revisions come. */
import { setTimeout as wait } from "node:timers/promises";
import { median } from "../engine.ts";
import { tuplesPolicy } from "../policies.ts";
import { type LoadThread, openLoad } from "../sidecar/load.ts";
import { type Revised, shippedSnapshot } from "../sidecar/shipped.ts";
import { type Applied, type BenchSidecar, openSidecar, quantileUs } from "../sidecar/sidecar.ts";
import { atMost, type Bar } from "./bar.ts";

/** Requests a second, for how long, and the median's bar in microseconds; the last is as fast as it goes. */
const PACES = [
  { name: "10 a second", perSecond: 10, ms: 20_000, mostUs: 10 },
  { name: "1,000 a second", perSecond: 1000, ms: 8000, mostUs: 2 },
  { name: "saturated", perSecond: undefined, ms: 4000, mostUs: 1 },
] as const;
const SWAPS = 20;
const SWAP_EVERY_MS = 400;
const LARGE = 100_000;

/** The paces from the slowest on, in one process: what is slow is not warmed by what is fast. */
export async function sidecar(): Promise<readonly Bar[]> {
  await using load = await openLoad();
  await using proxy = await openSidecar(shippedSnapshot({ port: load.application, revision: 0 }));
  const bars: Bar[] = [];
  for (const { name, perSecond, ms, mostUs } of PACES) {
    const before = await proxy.decisions();
    await load.load({ port: proxy.inbound, perSecond, ms });
    const us = quantileUs(before, await proxy.decisions(), 0.5);
    bars.push(atMost(`shipped policies in a sidecar, median of its histogram, ${name}`, us, mostUs, "µs"));
  }
  return [...bars, ...(await swaps(proxy, load))];
}

/** With a thousand requests a second: medians of how long they are held up at most by each of twenty revisions. */
async function swaps(proxy: BenchSidecar, load: LoadThread): Promise<readonly Bar[]> {
  const port = load.application;
  const { rego, data } = tuplesPolicy(LARGE);
  const shop = { rego: `${rego}\nallow if input.parsed_path[0] == ""\n`, data };
  const kinds: readonly (readonly [name: string, change: Omit<Revised, "revision">])[] = [
    ["a new revision", { port }],
    ["a new revision with 100,000 tuples", { port, shop }],
  ];
  const bars: Bar[] = [];
  let revision = 0;
  for (const [name, change] of kinds) {
    const files = Array.from({ length: SWAPS }, () => shippedSnapshot({ ...change, revision: ++revision }));
    const loaded = load.load({ port: proxy.inbound, perSecond: 1000, ms: SWAPS * SWAP_EVERY_MS });
    const beganMs = performance.now();
    const applied: Applied[] = [];
    for (const [i, file] of files.entries()) {
      await wait(Math.max(0, beganMs + i * SWAP_EVERY_MS - performance.now()));
      applied.push(await proxy.apply(file));
    }
    await loaded;
    const turnMs = median(applied.map(({ longestTurnMs }) => longestTurnMs));
    const ms = median(applied.map((each) => each.ms));
    bars.push(atMost(`${name} in a sidecar, longest turn of the thread that serves`, turnMs, 5, "ms"));
    bars.push(atMost(`${name} in a sidecar, until it is in force`, ms, 300, "ms"));
  }
  return bars;
}
