import { expect, test } from "vitest";
import { percentile, timeCommits, WITHOUT_LIMITS } from "./commit-latency.ts";
import { TestMesh } from "./test-mesh.ts";

/** The goal, p95 of 20 commits within a second, is `npm run bench -- --only commit`'s to judge, on a free machine. */
const COMMITS = 2;

test("a commit changes responses, with every ACK in, and is timed", async () => {
  await using mesh = await TestMesh.open(WITHOUT_LIMITS);
  const latencies = await timeCommits(mesh, COMMITS);
  expect(latencies.map(({ changedMs, inForceMs }) => changedMs > 0 && inForceMs >= changedMs)).toEqual([true, true]);
  expect(await mesh.ask("/refunds")).toMatchObject({ status: 403, reason: "denied" });
  await mesh.leavesNothing();
});

test("a percentile is the nearest rank's", () => {
  expect([0.5, 0.95, 1].map((share) => percentile([4, 1, 3, 2], share))).toEqual([2, 4, 4]);
});
