import { expect, test } from "vitest";
import type { Snapshot } from "./snapshot.ts";
import { checkSnapshot } from "./snapshot-check.ts";
import { makeSnapshotFile, parseSnapshotFile, printSnapshotFile } from "./snapshot-file.ts";

const snapshot: Snapshot = {
  format: 1,
  revision: { epoch: "e1", sequence: 3, name: "1f3c9a2" },
  issuedAtMs: 1,
  expiresAtMs: 2,
  mesh: { name: "demo", trustDomain: "cluster.local", explainDenials: false },
  workloads: [
    {
      name: "web",
      namespace: "default",
      service: "web",
      labels: { version: "v1" },
      principal: "spiffe://cluster.local/ns/default/sa/web",
      inbound: [
        {
          name: "http",
          protocol: "http",
          mode: "strict",
          listen: { address: "127.0.0.1", port: 0 },
          application: { address: "127.0.0.1", port: 8080 },
        },
      ],
      outbound: [
        {
          name: "orders",
          namespace: "default",
          hosts: ["orders", "orders.default"],
          port: 80,
          portName: "http",
          subsets: [{ name: "v1", labels: { version: "v1" } }],
          principals: ["spiffe://cluster.local/ns/default/sa/orders"],
          defaultRoute: [{ subset: "v1", weight: 1 }],
          traffic: {
            balancer: "least-request",
            connectTimeoutMs: 1000,
            requestTimeoutMs: 15_000,
            idleTimeoutMs: 60_000,
            connectionsMax: 100,
            pendingMax: 100,
            retry: { attempts: 1, perTryMs: undefined, on: ["connect"], budgetPercent: 20, budgetMin: 3 },
            breaker: { failuresMax: 5, openMs: 1000, openMaxMs: 30_000 },
          },
        },
      ],
      policies: {
        inbound: {
          module: "0".repeat(64),
          entrypoints: [
            {
              name: "mesh/authz/allow",
              kind: "authz",
              unit: "policies/mesh",
              binding: "default/authz",
              tier: "namespace",
              mode: "enforce",
              fuel: 1000,
              onFault: "deny",
            },
          ],
        },
      },
      defaultVerdict: "deny",
      pathLevel: "BASE",
    },
  ],
};

test("a file is read back as it was printed", () => {
  const file = makeSnapshotFile(snapshot, [{ wasm: new Uint8Array([0, 97, 115, 109]), data: "{}" }]);
  const read = parseSnapshotFile(printSnapshotFile(file));
  expect(read.problems).toEqual([]);
  expect(read.file?.hash).toBe(file.hash);
  expect(read.file?.snapshot).toEqual(JSON.parse(JSON.stringify(snapshot)));
});

test("endpoints are read with the transports that they take, and without", () => {
  const endpoint = { service: "s", address: "a", port: 1, workload: "w", principal: "p", labels: {}, portName: "http" };
  const endpoints = [{ ...endpoint, transports: ["h1", "h2"] }, endpoint];
  const read = parseSnapshotFile(printSnapshotFile(makeSnapshotFile(snapshot, [], endpoints)));
  expect(read.file?.endpoints).toEqual(endpoints);
});

const FAULTS: readonly (readonly [
  name: string,
  change: (json: ReturnType<typeof JSON.parse>) => void,
  message: string,
])[] = [
  ["another body", (json) => (json.body.revision.name = "x"), "the body has another hash"],
  ["an unknown field", (json) => (json.body.mesh.open = true), "mesh.open is unknown"],
  ["a missing field", (json) => delete json.body.workloads[0].defaultVerdict, "workloads[0].defaultVerdict is missing"],
  ["a later format", (json) => (json.body.format = 2), "format must be one of 1"],
  ["no workload", (json) => (json.body.workloads = []), "the snapshot has no workload"],
  [
    "a subset that is not there",
    (json) => (json.body.workloads[0].outbound[0].defaultRoute = [{ subset: "v9", weight: 1 }]),
    "orders.default has no subset v9",
  ],
];

test.each(FAULTS)("a file with %s is refused", (_, change, message) => {
  const json = JSON.parse(printSnapshotFile(makeSnapshotFile(snapshot)));
  change(json);
  expect(parseSnapshotFile(JSON.stringify(json)).problems.map((problem) => problem.message)).toContain(message);
});

test("checkSnapshot refuses what is no object", () => {
  expect(checkSnapshot([]).problems.map((problem) => problem.message)).toEqual(["the document must be an object"]);
});

/** Every place in a JSON value, as the object or list that holds it and the key in it. */
function placesIn(value: unknown, path = ""): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const at = `${path}/${key}`;
    return [at, ...placesIn(member, at)];
  });
}

/** A copy in which the value at a path is another, or is left out. */
function changed(path: string, value: unknown): unknown {
  const copy: unknown = structuredClone(snapshot);
  const keys = path.slice(1).split("/");
  const holder = keys.slice(0, -1).reduce((at, key) => (at as Record<string, unknown>)[key], copy);
  (holder as Record<string, unknown>)[keys.at(-1) ?? ""] = value;
  return copy;
}

/** What may be left out: it is optional, or any number of it may be there. */
const OPTIONAL = /\/(perTryMs|version|subset|policies\/inbound)$|\/\d+$/;

test("a list of members in which nothing was found is checked once, a copy of it and one that was refused each time", () => {
  const good = [{ principal: "spiffe://mesh/ns/a/sa/b", workloads: ["a/b"] }];
  const bad = [{ principal: "nobody", workloads: ["a/b"] }];
  const isTaken = (members: readonly object[]) => checkSnapshot({ ...snapshot, members }).problems.length === 0;
  expect([isTaken(bad), isTaken(bad), isTaken(good)]).toEqual([false, false, true]);
  // Nobody changes a list: it is done here to see that the list itself is not read again.
  Object.assign(good[0] ?? {}, { principal: "nobody" });
  expect([isTaken(good), isTaken([...good])]).toEqual([true, false]);
});

test("checkSnapshot asks for every field, each with its type", () => {
  expect(checkSnapshot(snapshot).problems).toEqual([]);
  const places = placesIn(snapshot);
  expect(places.length).toBeGreaterThan(60);
  const isTaken = (value: unknown) => (path: string) => checkSnapshot(changed(path, value)).problems.length === 0;
  expect(places.filter(isTaken(Symbol("of no type")))).toEqual([]);
  expect(places.filter((path) => !OPTIONAL.test(path)).filter(isTaken(undefined))).toEqual([]);
});
