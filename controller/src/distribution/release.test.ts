import { NOTHING_REVOKED, type Revoked } from "@regomesh/protocol";
import { expect, test } from "vitest";
import { makeRelease } from "../test/play.ts";
import { type Publication, type Release, toPublication } from "./release.ts";

const FIRST = makeRelease(1, "A");
const before = toPublication(FIRST);

/** The next release, of the very workloads of the one before but for what `change` makes of them. */
function next(change: (plan: Release["plan"]) => Partial<Release["plan"]>): Release {
  const { plan } = FIRST;
  return { ...FIRST, revision: { ...FIRST.revision, sequence: 2, name: "B" }, plan: { ...plan, ...change(plan) } };
}

const SERVICE = {
  name: "orders",
  namespace: "default",
  port: 80,
  portName: "http",
  protocol: "http",
  hosts: [],
  principals: [],
  traffic: {},
} as unknown as Release["plan"]["outbound"][number];

test("what a publication takes over of the one before is what it would be made of by itself", () => {
  const rows: readonly (readonly [string, Release, Revoked])[] = [
    ["nothing is other", next(() => ({})), NOTHING_REVOKED],
    [
      "one workload is",
      next(({ workloads }) => ({
        workloads: workloads.map((each, at) => (at === 0 ? { ...each, labels: { a: "b" } } : each)),
      })),
      NOTHING_REVOKED,
    ],
    ["one workload is gone", next(({ workloads }) => ({ workloads: workloads.slice(1) })), NOTHING_REVOKED],
    [
      "all are other, with the names that they had",
      next(({ workloads }) => ({ workloads: workloads.map((each) => ({ ...each, labels: { a: "b" } })) })),
      NOTHING_REVOKED,
    ],
    [
      "one has another principal",
      next(({ workloads }) => ({
        workloads: workloads.map((each, at) => (at === 1 ? { ...each, principal: `${each.principal}x` } : each)),
      })),
      NOTHING_REVOKED,
    ],
    [
      "one is another of its name",
      next(({ workloads }) => ({
        workloads: workloads.map((each, at) => (at === 1 ? { ...each, namespace: "other" } : each)),
      })),
      NOTHING_REVOKED,
    ],
    ["a service has come", next(() => ({ outbound: [SERVICE] })), NOTHING_REVOKED],
    ["a setting of the mesh", next(({ mesh }) => ({ mesh: { ...mesh, name: "other" } })), NOTHING_REVOKED],
    ["a certificate is taken back", next(() => ({})), { ...NOTHING_REVOKED, serials: ["0a"] }],
  ];
  for (const [name, release, revoked] of rows) {
    const made = toPublication(release, revoked);
    // Of the one before, and of one that has taken over from it.
    const taken = toPublication(release, revoked, before);
    for (const each of [taken, toPublication(release, revoked, taken)]) {
      expect(contentsOf(each), name).toEqual(contentsOf(made));
      expect([...each.parts.keys()].sort(), name).toEqual([...made.parts.keys()].sort());
      expect(each.outbound.hash, name).toBe(made.outbound.hash);
    }
  }
});

test("a workload of which nothing is other keeps its snapshot, and one of which something is does not", () => {
  const release = next(({ workloads }) => ({
    workloads: workloads.map((each, at) => (at === 0 ? { ...each, labels: { a: "b" } } : each)),
  }));
  const { snapshots } = toPublication(release, NOTHING_REVOKED, before);
  const kept = [...snapshots].map(([key, snapshot]) => snapshot === before.snapshots.get(key));
  expect(kept).toEqual(release.plan.workloads.map((_, at) => at !== 0));
});

function contentsOf({ snapshots }: Publication): object {
  return Object.fromEntries([...snapshots].map(([key, { parts }]) => [key, parts.names]));
}
