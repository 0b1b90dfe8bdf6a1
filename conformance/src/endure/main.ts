/** `npm run soak -- --swaps N` and its like: a whole mesh under so many of one thing, and a steady load. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeRandom } from "@regomesh/base";
import { WORKLOADS } from "@regomesh/cli";
import { every, QUIET } from "../chaos/chaos.ts";
import { Judge } from "../chaos/judge.ts";
import { LiveMemory } from "../chaos/live-memory.ts";
import { Processes } from "../chaos/processes.ts";
import { Records } from "../chaos/records.ts";
import { ChaosRepository } from "../chaos/repository.ts";
import { printCounts, Traffic } from "../chaos/traffic.ts";
import { Witness } from "../chaos/witness.ts";
import { WITHOUT_LIMITS } from "../mesh/commit-latency.ts";
import { headOf, TestMesh } from "../mesh/test-mesh.ts";
import { inForce, ROUNDS, type Trial } from "./trials.ts";

export type EndureOptions = {
  readonly trial: Trial;
  readonly count: number;
  readonly perSecond: number;
  readonly seed: number;
};

const LOOK_EVERY_MS = 500;
const SAY_EVERY_MS = 10_000;
/** A line is judged so long after it began. */
const SETTLED_MS = 5000;

/** Gives the exit code: 1 where a request failed, a decision was wrong, or a round did not end as it must. */
export async function endure({ trial, count, perSecond, seed }: EndureOptions): Promise<number> {
  const say = console.log;
  await using live = await LiveMemory.open();
  await using mesh = await TestMesh.open(WITHOUT_LIMITS, { restarts: true });
  const policy = await readFile(join(mesh.repository, "examples/authz/orders.rego"), "utf8");
  const repository = new ChaosRepository(mesh.repository, policy);
  repository.grants.set(await headOf(mesh.repository), QUIET);
  await repository.commit(QUIET);
  await inForce(mesh, repository.head);
  const names = WORKLOADS.map(({ name }) => name);
  const records = new Records(names, (name) => mesh.statePath(`proxies/${name}/access.log`), false);
  const judge = new Judge(repository.grants, new Witness(), Date.now());
  const traffic = new Traffic(mesh.mesh.edge, perSecond, makeRandom(seed + 1));
  const processes = new Processes(mesh.mesh, live);
  const leave = new AbortController();
  const look = async () => {
    for (const { workload, line } of await records.take()) judge.hear(workload, line);
    judge.judge(Date.now());
  };
  const answers = new Map<string, number>();
  const takeAnswers = () => {
    for (const [what, number] of traffic.takeAnswers()) answers.set(what, (answers.get(what) ?? 0) + number);
  };
  let played = 0;
  const watching = [
    every(LOOK_EVERY_MS, leave.signal, look),
    every(SAY_EVERY_MS, leave.signal, async () => {
      takeAnswers();
      say(`  ${played} of ${count} ${trial}; answers: ${printCounts(answers)}; ${judge.judged} decisions judged`);
    }),
  ];
  const beganMs = performance.now();
  const random = makeRandom(seed);
  try {
    for (; played < count; played++) await ROUNDS[trial]({ mesh, repository, processes, random, say }, played);
    await inForce(mesh, repository.head).catch((error: Error) => judge.fault(error.message));
  } catch (error) {
    judge.fault((error as Error).message);
  }
  await sleep(SETTLED_MS);
  await traffic.finish();
  leave.abort();
  await Promise.all(watching);
  await look();
  takeAnswers();
  return tell({ trial, played, answers, judge, tookMs: performance.now() - beganMs });
}

type Told = {
  readonly trial: Trial;
  readonly played: number;
  readonly answers: ReadonlyMap<string, number>;
  readonly judge: Judge;
  readonly tookMs: number;
};

function tell({ trial, played, answers, judge, tookMs }: Told): number {
  const total = [...answers.values()].reduce((sum, number) => sum + number, 0);
  const failed = [...answers].filter(([what]) => isFailed(what)).reduce((sum, [, number]) => sum + number, 0);
  const seconds = tookMs / 1000;
  console.log(
    `${played} ${trial} in ${seconds.toFixed(0)} s under ${(total / seconds).toFixed(0)} requests a second: ${judge.judged} decisions judged, ${judge.faultCount} faults; ${failed} of ${total} requests failed (${printCounts(answers)})`,
  );
  const reasons = judge.takeReasons();
  if (reasons.size > 0) console.log(`not served: ${printCounts(reasons)}`);
  for (const fault of judge.faults) console.error(`soak: ${fault}`);
  return judge.faultCount > 0 || failed > 0 || judge.judged === 0 ? 1 : 0;
}

/** A verdict of a policy is an answer; what the mesh could not do is none. */
function isFailed(what: string): boolean {
  return !/^[234]\d\d$/.test(what);
}
