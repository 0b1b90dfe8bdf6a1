/**
 * A whole mesh under everything at once: commits, reverts, kills, full disks, identities that
 * last twenty seconds, clients and services that stall and leave, and a steady load.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeRandom } from "@regomesh/base";
import { WORKLOADS } from "@regomesh/cli";
import type { StatusBody } from "@regomesh/controller";
import { refusedOf } from "@regomesh/controller";
import { WITHOUT_LIMITS } from "../mesh/commit-latency.ts";
import { until } from "../mesh/deadline.ts";
import { whyNoSmallDisk } from "../mesh/small-disk.ts";
import { headOf, isInForce, TestMesh } from "../mesh/test-mesh.ts";
import { contentOf, Judge } from "./judge.ts";
import { LiveMemory } from "./live-memory.ts";
import { type Lived, Processes } from "./processes.ts";
import { Records } from "./records.ts";
import { ChaosRepository } from "./repository.ts";
import { drawSchedule, type Happening, LOOKED_AT, type Victim } from "./schedule.ts";
import { printCounts, Traffic } from "./traffic.ts";
import { Witness } from "./witness.ts";

export type ChaosOptions = {
  readonly seed: number;
  /** In which memory is looked at, after a warm-up of the same chaos. */
  readonly lengthMs: number;
  readonly perSecond: number;
  /** A line for people, as things happen. */
  readonly say: (line: string) => void;
};

export type ChaosResult = {
  /** The first of them; empty where all held. */
  readonly faults: readonly string[];
  readonly faultCount: number;
  readonly judged: number;
  /** Lines that killed sidecars left unfinished. */
  readonly torn: number;
  readonly lived: readonly Lived[];
  /** What could not be done here, and why. */
  readonly leftOut: readonly string[];
};

const SVID_TTL = "20s";
/** State of the mesh, twice over, and the access logs of some seconds. */
const DISK_MEGABYTES = 64;
const STATUS_EVERY_MS = 250;
const STATUS_TIMEOUT_MS = 1000;
const LOOK_EVERY_MS = 1000;
const TELL_EVERY_MS = 10_000;
/**
 * The warm-up: at first everything is killed; then sidecars and controller live, and have their
 * share of everything else before their memory is looked at. Pools and rings are filled within 210 s,
 * and code is compiled for longer: after six minutes one process in three still grew by some megabytes, after twelve by one.
 */
const WARM_UP = { killedMs: 150_000, livedMs: 1_050_000 } as const;
const WARM_UP_MS = WARM_UP.killedMs + WARM_UP.livedMs;
/** From the end of the chaos until all is as it was: the longest pause, a start, an identity. */
const RECOVERED_MS = 120_000;
const SETTLED_MS = 4000;
/** A shorter look says nothing of memory. */
const LOOKED_AT_LEAST_MS = 150_000;
/** What is granted before anything happens, and at the end. */
export const QUIET = { users: { alice: ["orders"], bob: ["orders", "refunds"] }, webMethods: ["GET", "POST"] };

export async function runChaos({ seed, lengthMs, perSecond, say }: ChaosOptions): Promise<ChaosResult> {
  const whyNoDisk = whyNoSmallDisk();
  await using live = await LiveMemory.open();
  // The mesh's processes inherit it; this one has read it long ago.
  Object.assign(process.env, live.environment);
  await using mesh = await TestMesh.open(WITHOUT_LIMITS, {
    restarts: true,
    svidTtl: SVID_TTL,
    onNote: (line) => say(`          ${line}`),
    ...(whyNoDisk === undefined ? { diskMegabytes: DISK_MEGABYTES } : {}),
  });
  const policy = await readFile(join(mesh.repository, "examples/authz/orders.rego"), "utf8");
  const repository = new ChaosRepository(mesh.repository, policy);
  // Where that changes nothing of what proxies have, they stay on the commit before it, and say so.
  repository.grants.set(await headOf(mesh.repository), QUIET);
  await repository.commit(QUIET);
  await mesh.inForce(repository.head);
  const workloads = WORKLOADS.map(({ name }) => name);
  const logOf = (workload: string) => mesh.statePath(`proxies/${workload}/access.log`);
  const records = new Records(workloads, logOf, whyNoDisk === undefined);
  const witness = new Witness();
  const judge = new Judge(repository.grants, witness, Date.now());
  const processes = new Processes(mesh.mesh, live);
  const traffic = new Traffic(mesh.mesh.edge, perSecond, makeRandom(seed + 1));
  const lookedFromMs = Date.now() + WARM_UP_MS;
  let lookedUntilMs = lookedFromMs;
  const leave = new AbortController();
  const watching = [
    every(STATUS_EVERY_MS, leave.signal, () => watchStatus(mesh, witness, repository, judge)),
    every(TELL_EVERY_MS, leave.signal, async () => {
      say(`          answers: ${printCounts(traffic.takeAnswers())}`);
      say(`          not served: ${printCounts(judge.takeReasons())}`);
    }),
    every(LOOK_EVERY_MS, leave.signal, async () => {
      processes.look(Date.now());
      for (const { workload, line } of await records.take()) judge.hear(workload, line);
      judge.judge(Date.now());
    }),
  ];
  try {
    await play(seed, lengthMs, { mesh, repository, processes, traffic, say });
    lookedUntilMs = Date.now();
    await recover({ mesh, repository, processes, traffic, say }).catch((error: Error) => judge.fault(error.message));
  } finally {
    traffic.close();
    await sleep(SETTLED_MS);
    leave.abort();
    await Promise.all(watching);
  }
  for (const name of processes.dead) judge.fault(`${name} stayed dead`);
  for (const workload of workloads) {
    const [torn, kills] = [
      records.torn.get(workload) ?? 0,
      processes.kills.get(`sidecar of ${workload}` as Victim) ?? 0,
    ];
    // Each may leave one.
    if (torn > kills) judge.fault(`${torn} lines of ${workload} are torn, and its sidecar was killed ${kills} times`);
  }
  const lived = processes.lived(lookedFromMs, lookedUntilMs);
  for (const name of lengthMs < LOOKED_AT_LEAST_MS ? [] : LOOKED_AT)
    if (!lived.some((one) => one.name === name)) judge.fault(`${name} did not live on, and was not killed`);
  if (judge.judged === 0) judge.fault("no decision was judged");
  return {
    faults: judge.faults,
    faultCount: judge.faultCount,
    judged: judge.judged,
    torn: [...records.torn.values()].reduce((sum, count) => sum + count, 0),
    lived,
    leftOut: whyNoDisk === undefined ? [] : [`full disks (${whyNoDisk})`],
  };
}

type Parts = {
  readonly mesh: TestMesh;
  readonly repository: ChaosRepository;
  readonly processes: Processes;
  readonly traffic: Traffic;
  readonly say: (line: string) => void;
};

async function play(seed: number, lengthMs: number, parts: Parts): Promise<void> {
  const beganMs = performance.now();
  const wholeMs = WARM_UP_MS + lengthMs;
  let isWarm = false;
  for (const { atMs, happening } of drawSchedule(seed, wholeMs, WARM_UP.killedMs)) {
    await sleep(Math.max(0, atMs - (performance.now() - beganMs)));
    if (!isWarm && atMs >= WARM_UP_MS) parts.say("          warm: memory is looked at from here on");
    isWarm ||= atMs >= WARM_UP_MS;
    parts.say(`${(atMs / 1000).toFixed(1).padStart(6)} s  ${JSON.stringify(happening)}`);
    await happen(happening, parts);
  }
  await sleep(Math.max(0, wholeMs - (performance.now() - beganMs)));
}

async function happen(happening: Happening, { mesh, repository, processes, traffic, say }: Parts): Promise<void> {
  switch (happening.kind) {
    case "commit":
      return await repository.commit(happening.grants);
    case "broken-commit":
      return await repository.commitBroken();
    case "revert":
      return await repository.revert();
    case "kill":
      if (!processes.signal(happening.victim, "SIGKILL")) say(`          ${happening.victim} is not there`);
      return;
    case "fill-disk":
      return await mesh.disk?.fill();
    case "free-disk":
      return await mesh.disk?.free();
    case "stop-service":
      return void processes.signal(happening.service, "SIGSTOP");
    case "continue-service":
      return void processes.signal(happening.service, "SIGCONT");
    case "stalling-clients":
      return traffic.stall(happening.count);
    case "resetting-clients":
      return traffic.reset(happening.count);
  }
}

/** Ends all trouble, and waits until the mesh is as it was. */
async function recover({ mesh, repository, processes, say }: Parts): Promise<void> {
  say("        the chaos is over");
  await mesh.disk?.free();
  for (const { name } of WORKLOADS) processes.signal(name, "SIGCONT");
  await repository.commit(QUIET);
  await until("every process runs, the last commit is in force and nothing is in trouble", RECOVERED_MS, async () => {
    const status = await mesh.status().catch(() => undefined);
    const isWell = status !== undefined && isInForce(status, repository.head) && status.troubles === undefined;
    return (isWell && processes.areAllThere) || undefined;
  });
  await until("a request passes", RECOVERED_MS, async () => {
    const answer = await mesh.ask("/orders").catch(() => undefined);
    return answer?.status === 200 || undefined;
  });
}

async function watchStatus(mesh: TestMesh, witness: Witness, repository: ChaosRepository, judge: Judge): Promise<void> {
  const status = await askStatus(mesh.mesh.page, judge);
  const atMs = Date.now();
  for (const { name } of WORKLOADS) {
    const connected = status?.proxies.filter(({ workload, state }) => workload === name && state !== "gone") ?? [];
    const rows = connected.filter(({ state }) => state !== "never");
    witness.see(name, {
      atMs,
      listed: rows.length === 0 ? undefined : rows.map(({ revision = "" }) => contentOf(repository.grants, revision)),
    });
  }
  const refused = status && refusedOf(status);
  if (refused === undefined || !repository.grants.has(refused.commit)) return;
  judge.fault(`commit ${refused.commit} was refused: ${refused.diagnostics[0]?.message ?? "no reason given"}`);
}

/** Undefined where the controller is away: it is killed, too. */
async function askStatus(page: string, judge: Judge): Promise<StatusBody | undefined> {
  try {
    const response = await fetch(`${page}/api/status`, { signal: AbortSignal.timeout(STATUS_TIMEOUT_MS) });
    if (response.ok) return (await response.json()) as StatusBody;
    judge.fault(`the controller answers ${response.status} for its status: ${(await response.text()).slice(0, 200)}`);
    return undefined;
  } catch {
    return undefined;
  }
}

/** Again and again, never two at once, until the signal is aborted. */
export async function every(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work();
    await sleep(ms, undefined, { signal }).catch(() => {});
  }
}
