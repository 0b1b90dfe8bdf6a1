/** What a mesh is put through, so many times, while requests go on: nothing may fail, nothing be decided wrongly. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@regomesh/base";
import { WORKLOADS } from "@regomesh/cli";
import { refusedOf } from "@regomesh/controller";
import { POISONS, type Poison } from "@regomesh/controller/test";
import type { Processes } from "../chaos/processes.ts";
import type { ChaosRepository } from "../chaos/repository.ts";
import type { Grants } from "../chaos/schedule.ts";
import { until } from "../mesh/deadline.ts";
import { isInForce, type TestMesh } from "../mesh/test-mesh.ts";

export const TRIALS = ["swaps", "kills", "edits", "poisoned"] as const;
export type Trial = (typeof TRIALS)[number];

export type Stage = {
  readonly mesh: TestMesh;
  readonly repository: ChaosRepository;
  readonly processes: Processes;
  readonly random: Random;
  readonly say: (line: string) => void;
};

/** Plays one of that number; throws where the mesh does not do what it must. */
export type Round = (stage: Stage, at: number) => Promise<void>;

/** On a machine that does much else. */
const WITHIN_MS = 120_000;
/** Between two edits: the controller has some of them together. */
const EDIT_PAUSE_MS = 50;
/** Of what was answered, in every field the other way round: a decision that mixed them would be neither's. */
const SWAPPED: readonly [Grants, Grants] = [
  { users: { alice: ["orders"], bob: ["refunds"] }, webMethods: ["GET", "POST"] },
  { users: { alice: ["refunds"], bob: ["orders"] }, webMethods: ["GET", "POST"] },
];

export const ROUNDS: Readonly<Record<Trial, Round>> = { swaps: swap, kills: kill, edits: edit, poisoned: poison };

/** From one policy to its opposite, in force on all before the next. */
async function swap({ mesh, repository }: Stage, at: number): Promise<void> {
  await repository.commit(SWAPPED[at % 2 === 0 ? 0 : 1]);
  await inForce(mesh, repository.head);
}

/** The controller is killed, and comes back to every proxy; each time another commit waits for it. */
async function kill({ mesh, repository, processes }: Stage, at: number): Promise<void> {
  processes.signal("controller", "SIGKILL");
  await repository.commit(SWAPPED[at % 2 === 0 ? 0 : 1]);
  // One that keeps dying is started after pauses that double; this one is killed a hundred times, and not by itself.
  await mesh.mesh.restart("controller");
  await inForce(mesh, repository.head);
}

/** Any grants, whether those before are in force or not. */
async function edit({ repository, random }: Stage): Promise<void> {
  const some = (names: readonly string[]) => names.filter(() => random() < 0.5);
  await repository.commit({
    users: { alice: some(["orders", "refunds"]), bob: some(["orders", "refunds"]) },
    webMethods: ["GET", ...some(["POST"])],
  });
  await sleep(EDIT_PAUSE_MS * random());
}

/** A commit that no build may take: it is refused with a reason, and what was in force is so still. */
async function poison({ mesh, repository }: Stage, at: number): Promise<void> {
  const { head } = repository;
  const [file, change] = POISONS[at % POISONS.length] as Poison;
  const path = join(mesh.repository, file);
  const text = await readFile(path, "utf8");
  await writeFile(path, change(text, at));
  const commit = await repository.commitAsIs(`Poison ${at} in ${file}`);
  const status = await until(`the refusal of poison ${at} in ${file}`, WITHIN_MS, async () => {
    const now = await mesh.status().catch(() => undefined);
    return now !== undefined && refusedOf(now)?.commit === commit ? now : undefined;
  });
  const { diagnostics = [], failedTests = [] } = refusedOf(status) ?? {};
  if (diagnostics.length + failedTests.length === 0)
    throw new Error(`poison ${at} in ${file} is refused for no reason`);
  if (!isInForce(status, head)) throw new Error(`poison ${at} in ${file} changed what is in force`);
  await writeFile(path, text);
}

/** A commit is in force on every proxy, or changes nothing of what they have. */
export async function inForce(mesh: TestMesh, commit: string): Promise<void> {
  await until(`commit ${commit.slice(0, 7)} in force on ${WORKLOADS.length}`, WITHIN_MS, async () => {
    const status = await mesh.status().catch(() => undefined);
    return (status !== undefined && isInForce(status, commit)) || undefined;
  });
}
