import { makeRandom } from "@regomesh/base";
import type { OutboundService, WorkloadSnapshot } from "@regomesh/protocol";
import { expect, test } from "vitest";
import { asciiBytes } from "../http1/characters.ts";
import { admit, settle } from "../resilience/breaker.ts";
import { mayEject } from "../resilience/ejection.ts";
import { makeService, makeWorkload } from "../test/make-snapshot.ts";
import { type Group, pickEndpoint } from "./cluster.ts";
import { type Endpoint, isForPort, makeEndpoint, updateEndpoints } from "./endpoint.ts";
import { LastMatch } from "./last-match.ts";
import { pickByKey } from "./pick-by-key.ts";
import { drawIndex, pickTarget } from "./pick-target.ts";
import { makeServiceTable, matchAuthority, matchName } from "./service-table.ts";

const facts = (port: number, version: string) => ({
  address: "127.0.0.1",
  port,
  portName: "http",
  workload: `orders-${version}`,
  principal: "",
  labels: { version },
});
const orders: OutboundService = {
  ...makeService("orders"),
  subsets: [
    { name: "v1", labels: { version: "v1" } },
    { name: "v2", labels: { version: "v2" } },
  ],
  defaultRoute: [
    { subset: "v1", weight: 3 },
    { subset: "v2", weight: 1 },
  ],
};
/** A target of a route that says nothing but where. */
const TO = { port: undefined, actions: undefined };

const workload: WorkloadSnapshot = makeWorkload({ outbound: [orders, makeService("payments")] });
const makeTable = () =>
  makeServiceTable(
    workload,
    (service) => (service === "orders.default" ? [makeEndpoint(facts(1, "v1")), makeEndpoint(facts(2, "v2"))] : []),
    () => 0,
  );

test.each([
  ["orders", "orders.default"],
  ["ORDERS:80", "orders.default"],
  ["orders.default", "orders.default"],
  ["orders:8080", undefined],
  ["nobody", undefined],
])("authority %s is service %s", (authority, key) => {
  expect(matchAuthority(makeTable(), authority)?.key).toBe(key);
});

test("the authority asked for last is found again, in its table and no other", () => {
  const last = new LastMatch();
  const [one, other] = [makeTable(), makeTable()];
  const match = (table: typeof one, text: string) => last.match(table, asciiBytes(`x${text}x`), 1, 1 + text.length);
  const asked = ["orders", "orders", "payments", "order", "orders:80", "nobody", "orders"];
  expect(asked.map((text) => match(one, text))).toEqual(asked.map((text) => matchAuthority(one, text)));
  expect(match(other, "orders")).toBe(matchAuthority(other, "orders"));
  expect(match(one, "orders")).toBe(matchAuthority(one, "orders"));
  expect(match(one, "a".repeat(300))).toBeUndefined();
});

test("a route names a service with or without its namespace", () => {
  const table = makeTable();
  expect([
    matchName(table, "orders")?.key,
    matchName(table, "orders.default")?.key,
    matchName(table, "x")?.key,
  ]).toEqual(["orders.default", "orders.default", undefined]);
});

test("the default route is drawn by weight", () => {
  const table = makeTable();
  const random = makeRandom(1);
  const cluster = matchName(table, "orders");
  if (cluster === undefined) throw new Error("no cluster");
  const counts = { v1: 0, v2: 0 };
  for (let i = 0; i < 4000; i++) {
    const subset = pickTarget(table, cluster, undefined, random)?.group.subset as "v1" | "v2";
    counts[subset]++;
  }
  expect(counts.v1 / 4000).toBeCloseTo(0.75, 1);
});

test("a draw for a target without endpoints goes to the others of the route, and to nobody else", () => {
  const table = makeServiceTable(
    workload,
    (service) => (service === "orders.default" ? [makeEndpoint(facts(1, "v1"))] : []),
    () => 0,
  );
  const cluster = matchName(table, "orders");
  if (cluster === undefined) throw new Error("no cluster");
  const split = [
    { ...TO, to: "orders", subset: "v1", weight: 1 },
    { ...TO, to: "orders", subset: "v2", weight: 9 },
  ];
  const subsetOf = (...targets: readonly (typeof split)[number][]): string | undefined =>
    pickTarget(table, cluster, targets, () => 0.99)?.group.subset;
  const [v1, v2] = split as [(typeof split)[number], (typeof split)[number]];
  expect(subsetOf(v1, v2)).toBe("v1");
  expect(subsetOf(v2)).toBe("v2");
  expect(subsetOf(v2, { ...v1, weight: 0 })).toBe("v2");
  expect(pickTarget(table, cluster, undefined, () => 0.99)?.group.subset).toBe("v1");
});

test("of the next snapshot's table the same port of a service goes on with its retries and its turn", () => {
  const before = makeTable();
  const [old] = before.all;
  if (old === undefined) throw new Error("no cluster");
  old.budget.active = 3;
  for (let i = 0; i < 5; i++) pickEndpoint(old, old.groups.get("v1") as Group, undefined, () => 0, 0);
  const moved = {
    ...workload,
    outbound: [
      { ...orders, hosts: ["other"] },
      { ...orders, port: 81 },
    ],
  };
  const [same, other] = makeServiceTable(
    moved,
    () => [],
    () => 0,
    before,
  ).all;
  expect(same?.budget).toBe(old.budget);
  expect([same?.groups.get("v1")?.turn, same?.groups.get("v2")?.turn]).toEqual([5, 0]);
  expect([other?.budget.active, other?.groups.get("v1")?.turn]).toEqual([0, 0]);
});

test("a weight of 0 is never drawn, and nothing is where all are 0", () => {
  expect(drawIndex([{ weight: 0 }, { weight: 5 }, { weight: 0 }], () => 0.999)).toBe(1);
  expect(drawIndex([{ weight: 0 }], () => 0)).toBe(-1);
  expect(drawIndex([{ weight: 1 }, { weight: 0 }, { weight: 1 }], () => 0.9999999)).toBe(2);
});

test("a route to a subset that is not there has no target", () => {
  const table = makeTable();
  const cluster = matchName(table, "orders");
  if (cluster === undefined) throw new Error("no cluster");
  const to = (name: string, subset: string | undefined) =>
    pickTarget(table, cluster, [{ ...TO, to: name, subset, weight: 1 }], () => 0)?.group.subset;
  expect([to("orders", "v2"), to("orders", "v3"), to("nobody", undefined), to("payments", undefined)]).toEqual([
    "v2",
    undefined,
    undefined,
    "",
  ]);
});

/** A cluster of so many endpoints, and what makes them fail until their breakers open, where they may. */
function makeGuarded(count: number) {
  const table = makeServiceTable(
    workload,
    () => Array.from({ length: count }, (_, port) => makeEndpoint(facts(port + 1, "v1"))),
    () => 0,
  );
  const cluster = matchName(table, "orders");
  const group = cluster?.groups.get("");
  if (cluster === undefined || group === undefined) throw new Error("no cluster");
  const { breaker: settings } = cluster.service.traffic;
  const fail = ({ breaker }: Endpoint): void => {
    for (let i = 0; i < settings.failuresMax; i++) {
      settle(breaker, settings, admit(breaker, 0), "failure", 0, () => mayEject(group.endpoints));
    }
  };
  const random = makeRandom(5);
  const picked = (tried?: Endpoint): readonly Endpoint[] => [
    ...new Set(
      Array.from({ length: 200 }, () => pickEndpoint(cluster, group, tried, random, 0)).filter(
        (one) => one !== undefined,
      ),
    ),
  ];
  return { cluster, group, fail, picked };
}

test("an endpoint with an open breaker is not picked, a tried one only where no other is", () => {
  const { group, fail, picked } = makeGuarded(2);
  const [first, second] = group.endpoints as [Endpoint, Endpoint];
  expect(picked(first)).toEqual([second]);
  fail(second);
  expect([second.breaker.kind, picked(first)]).toEqual(["open", [first]]);
});

test.each([
  [1, 0],
  [2, 1],
  [3, 1],
  [4, 2],
  [9, 4],
])("of %d endpoints that all fail %d are ejected, and the others are asked", (count, ejected) => {
  const { group, fail, picked } = makeGuarded(count);
  for (const endpoint of group.endpoints) fail(endpoint);
  const open = group.endpoints.filter(({ breaker }) => breaker.kind === "open");
  expect([open.length, picked().length]).toEqual([ejected, count - ejected]);
  for (const one of picked()) expect(open).not.toContain(one);
});

test("where more than half of those left are ejected, all are asked", () => {
  const { group, fail, picked } = makeGuarded(4);
  const [first, second, third] = group.endpoints as [Endpoint, Endpoint, Endpoint];
  fail(first);
  fail(second);
  group.endpoints = [first, second, third];
  expect(picked().length).toBe(3);
  for (const tried of group.endpoints) expect(pickByKey(group.endpoints, "key", tried, 0)).not.toBe(tried);
});

test("an endpoint of a port with a number stays the same thing, and the port's, under another name", () => {
  const [known] = updateEndpoints([], [{ ...facts(1, "v1"), servicePort: 80 }]).endpoints as [Endpoint];
  const renamed = { ...facts(1, "v1"), portName: "api", servicePort: 80 };
  expect(updateEndpoints([known], [renamed]).endpoints[0]).toBe(known);
  expect(isForPort(known, { port: 80, portName: "api" })).toBe(true);
  expect(isForPort(known, { port: 81, portName: "http" })).toBe(false);
  expect(isForPort(makeEndpoint(facts(1, "v1")), { port: 81, portName: "http" })).toBe(true);
});

test("an update keeps the endpoints that it names again", () => {
  const { endpoints } = updateEndpoints([], [facts(1, "v1"), facts(2, "v1")]);
  const next = updateEndpoints(endpoints, [facts(2, "v1"), facts(3, "v1")]);
  expect(next.endpoints[0]).toBe(endpoints[1]);
  expect(next.gone).toEqual([endpoints[0]]);
});

test("one endpoint more among ten thousand of a service holds up nobody", () => {
  const many = Array.from({ length: 10_000 }, (_, port) => facts(port + 1, "v1"));
  const { endpoints } = updateEndpoints([], many);
  const before = process.cpuUsage();
  const next = updateEndpoints(endpoints, [...many, facts(20_000, "v1")]);
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(300);
  expect([next.endpoints.length, next.endpoints[9999] === endpoints[9999], next.gone.length]).toEqual([
    10_001,
    true,
    0,
  ]);
});
