import { makeRandom } from "@regomesh/base";
import type { OutboundService, WorkloadSnapshot } from "@regomesh/protocol";
import { expect, test } from "vitest";
import { admit, settle } from "../resilience/breaker.ts";
import { makeService, makeWorkload } from "../test/make-snapshot.ts";
import { pickEndpoint } from "./cluster.ts";
import { makeEndpoint, updateEndpoints } from "./endpoint.ts";
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
    pickTarget(table, cluster, [{ to: name, subset, weight: 1 }], () => 0)?.group.subset;
  expect([to("orders", "v2"), to("orders", "v3"), to("nobody", undefined), to("payments", undefined)]).toEqual([
    "v2",
    undefined,
    undefined,
    "",
  ]);
});

test("an endpoint with an open breaker is not picked, a tried one only where no other is", () => {
  const table = makeServiceTable(
    workload,
    () => [makeEndpoint(facts(1, "v1")), makeEndpoint(facts(2, "v1"))],
    () => 0,
  );
  const cluster = matchName(table, "orders");
  const group = cluster?.groups.get("");
  if (cluster === undefined || group === undefined) throw new Error("no cluster");
  const [first, second] = group.endpoints;
  if (first === undefined || second === undefined) throw new Error("no endpoints");
  const random = makeRandom(5);
  for (let i = 0; i < 50; i++) expect(pickEndpoint(cluster, group, first, random, 0)).toBe(second);
  const { breaker: settings } = cluster.service.traffic;
  for (let i = 0; i < settings.failuresMax; i++) settle(second.breaker, settings, admit(second.breaker, 0), false, 0);
  for (let i = 0; i < 50; i++) expect(pickEndpoint(cluster, group, first, random, 0)).toBe(first);
  for (let i = 0; i < settings.failuresMax; i++) settle(first.breaker, settings, admit(first.breaker, 0), false, 0);
  expect(pickEndpoint(cluster, group, undefined, random, 0)).toBeUndefined();
});

test("an update keeps the endpoints that it names again", () => {
  const { endpoints } = updateEndpoints([], [facts(1, "v1"), facts(2, "v1")]);
  const next = updateEndpoints(endpoints, [facts(2, "v1"), facts(3, "v1")]);
  expect(next.endpoints[0]).toBe(endpoints[1]);
  expect(next.gone).toEqual([endpoints[0]]);
});
