/**
 * What happens to the mesh, and when: drawn from a seed, so that the same seed is the same
 * chaos. Times are milliseconds since the start; nothing here knows of processes.
 */
import { makeRandom, type Random } from "@regomesh/base";

/** The processes that are killed; the build child is the controller's own. */
export const VICTIMS = [
  "controller",
  "build process",
  "sidecar of web",
  "sidecar of orders-v1",
  "sidecar of orders-v2",
  "sidecar of payments",
  "web",
  "orders-v1",
  "orders-v2",
  "payments",
] as const;
export type Victim = (typeof VICTIMS)[number];

/** Memory is looked at in these: once they are to warm up they live on, under everything else. */
export const LOOKED_AT: readonly Victim[] = VICTIMS.filter(
  (name) => name === "controller" || name.startsWith("sidecar"),
);

const SERVICES = ["web", "orders-v1", "orders-v2", "payments"] as const;

/** What a revision lets pass: users' grants, and the methods that web may use with orders. */
export type Grants = {
  readonly users: Readonly<Record<string, readonly string[]>>;
  readonly webMethods: readonly string[];
};

export type Happening =
  | { readonly kind: "commit"; readonly grants: Grants }
  | { readonly kind: "broken-commit" }
  | { readonly kind: "revert" }
  | { readonly kind: "kill"; readonly victim: Victim }
  | { readonly kind: "fill-disk" }
  | { readonly kind: "free-disk" }
  | { readonly kind: "stop-service"; readonly service: (typeof SERVICES)[number] }
  | { readonly kind: "continue-service"; readonly service: (typeof SERVICES)[number] }
  | { readonly kind: "stalling-clients"; readonly count: number }
  | { readonly kind: "resetting-clients"; readonly count: number };

export type Event = { readonly atMs: number; readonly happening: Happening };

type Draw = {
  readonly everyMs: number;
  readonly make: (random: Random, atMs: number, sparedMs: number) => readonly Event[];
};

const CLIENTS_MAX = 8;
const STALL_MAX_MS = 3000;
const FULL_MAX_MS = 10_000;

/** How often each kind happens, on average; kills are rarer than a process needs to come up, and most are early. */
const DRAWS: readonly Draw[] = [
  { everyMs: 4000, make: (random, atMs) => [{ atMs, happening: { kind: "commit", grants: drawGrants(random) } }] },
  { everyMs: 20_000, make: (_, atMs) => [{ atMs, happening: { kind: "broken-commit" } }] },
  { everyMs: 12_000, make: (_, atMs) => [{ atMs, happening: { kind: "revert" } }] },
  {
    everyMs: 15_000,
    make: (random, atMs, sparedMs) => {
      const victim = pick(random, VICTIMS);
      const isSpared = atMs > sparedMs && LOOKED_AT.includes(victim);
      return isSpared ? [] : [{ atMs, happening: { kind: "kill", victim } }];
    },
  },
  {
    everyMs: 40_000,
    make: (random, atMs) => [
      { atMs, happening: { kind: "fill-disk" } },
      { atMs: atMs + random() * FULL_MAX_MS, happening: { kind: "free-disk" } },
    ],
  },
  {
    everyMs: 20_000,
    make: (random, atMs) => {
      const service = pick(random, SERVICES);
      return [
        { atMs, happening: { kind: "stop-service", service } },
        { atMs: atMs + random() * STALL_MAX_MS, happening: { kind: "continue-service", service } },
      ];
    },
  },
  {
    everyMs: 8000,
    make: (random, atMs) => [{ atMs, happening: { kind: "stalling-clients", count: 1 + whole(random, CLIENTS_MAX) } }],
  },
  {
    everyMs: 8000,
    make: (random, atMs) => [{ atMs, happening: { kind: "resetting-clients", count: 1 + whole(random, CLIENTS_MAX) } }],
  },
];

/** Every happening of a run, in its order; those in which memory is looked at are killed until `sparedMs`. */
export function drawSchedule(seed: number, lengthMs: number, sparedMs: number): readonly Event[] {
  const random = makeRandom(seed);
  const events = DRAWS.flatMap(({ everyMs, make }) => {
    const drawn: Event[] = [];
    for (let atMs = gap(random, everyMs); atMs < lengthMs; atMs += gap(random, everyMs)) {
      drawn.push(...make(random, atMs, sparedMs));
    }
    return drawn;
  });
  return events.filter(({ atMs }) => atMs < lengthMs).sort((a, b) => a.atMs - b.atMs);
}

/** Times between happenings that know nothing of each other. */
function gap(random: Random, everyMs: number): number {
  return -Math.log(1 - random()) * everyMs;
}

function drawGrants(random: Random): Grants {
  const some = (of: readonly string[]) => of.filter(() => random() < 0.6);
  return {
    users: { alice: some(["orders", "refunds"]), bob: some(["orders", "refunds"]) },
    webMethods: ["GET", ...some(["POST"])],
  };
}

function pick<T>(random: Random, of: readonly T[]): T {
  return of[whole(random, of.length)] as T;
}

function whole(random: Random, below: number): number {
  return Math.floor(random() * below);
}
