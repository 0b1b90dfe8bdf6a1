import type { Endpoint, EndpointsUpdate } from "@regomesh/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { MeshPlan } from "../build/build.ts";
import type { WorkloadPlan } from "../snapshot/outbound.ts";
import { makeClaim, makePlan } from "../test/endpoint-plan.ts";
import { plannedService } from "../test/planned.ts";
import { type Claim, EMPTY_TABLE, type EndpointTable, keptServices, scopeOf, toEndpointTable } from "./endpoints.ts";
import { makeTeller, type Told } from "./tell-endpoints.ts";

const NAMES = ["web", "orders", "payments"];

/** What a proxy knows after a word, as proxies take it (proxy/src/control/change-endpoints.ts). */
function apply(known: Map<string, Map<number, Endpoint>>, { services, complete }: EndpointsUpdate): void {
  if (complete) known.clear();
  for (const { service, endpoints, partial, gone } of services) {
    const before = partial === true ? (known.get(service) ?? []) : [];
    const kept = new Map([...before].filter(([port]) => !gone.includes(`127.0.0.1 ${port}`)));
    for (const endpoint of endpoints) kept.set(endpoint.port, endpoint);
    known.set(service, kept);
  }
}

function portsIn(known: ReadonlyMap<string, ReadonlyMap<number, Endpoint>>): Record<string, readonly number[]> {
  const found = [...known].map(
    ([service, endpoints]) => [service, [...endpoints.keys()].sort((a, b) => a - b)] as const,
  );
  // A service that is gone and one without endpoints are the same to a caller.
  return Object.fromEntries(found.filter(([, ports]) => ports.length > 0));
}

const someState = fc.record({
  names: fc.subarray(NAMES, { minLength: 1 }).map((names) => [...new Set(["web", ...names])]),
  calls: fc.option(fc.subarray(NAMES), { nil: undefined }),
  ports: fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 8 })), { minLength: 3, maxLength: 3 }),
});

test("whoever hears every word, or misses some, knows what the table says of its services", () => {
  fc.assert(
    fc.property(
      fc.array(someState, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      fc.nat(),
      (states, takesDelta, missed) => {
        const tell = makeTeller();
        const known = new Map<string, Map<number, Endpoint>>();
        let table: EndpointTable = EMPTY_TABLE;
        let told: Told | undefined;
        for (const [at, { names, calls, ports }] of states.entries()) {
          const claims = names.map((name, i) => makeClaim(name, ports[i] ?? []));
          table = toEndpointTable(makePlan(names, calls), claims, table);
          // A listener that is too slow to be told of this one is told of the next.
          if (at < states.length - 1 && (missed >> at) % 2 === 1) continue;
          const now = { table, scope: scopeOf(table, "default/web") };
          const update = tell(told, now, takesDelta);
          if (update !== undefined) apply(known, update);
          told = now;
          const mine = (name: string) => calls === undefined || calls.includes(name) || name === "web";
          const wanted = names.flatMap((name, i) =>
            mine(name) && (ports[i]?.length ?? 0) > 0
              ? [[`${name}.default`, (ports[i] ?? []).toSorted((a, b) => a - b)] as const]
              : [],
          );
          expect(portsIn(known)).toEqual(Object.fromEntries(wanted));
        }
      },
    ),
  );
});

test("a controller that has just started takes nothing from a listener but what it knows to be gone, until it knows all", () => {
  const had = fc.uniqueArray(fc.integer({ min: 9, max: 12 }));
  fc.assert(
    fc.property(fc.array(someState, { minLength: 2, maxLength: 6 }), had, fc.nat(4), (states, before, learns) => {
      const tell = makeTeller();
      const held = new Map(before.map((port) => [port, { port } as Endpoint]));
      const known = new Map([["web.default", held]]);
      let table: EndpointTable = EMPTY_TABLE;
      let told: Told | undefined;
      for (const [at, { calls, ports }] of states.entries()) {
        const isLearning = at < Math.min(learns, states.length - 1);
        const claims = NAMES.map((name, i) => makeClaim(name, ports[i] ?? []));
        table = toEndpointTable(makePlan(NAMES, calls), claims, table);
        const now = { table, scope: scopeOf(table, "default/web"), isLearning };
        const update = tell(told, now, true);
        if (update !== undefined) apply(known, update);
        told = now;
        const own = (ports[0] ?? []).concat(isLearning ? before : []);
        expect(portsIn(known)["web.default"] ?? []).toEqual(own.toSorted((a, b) => a - b));
      }
    }),
  );
});

test("of one that has just started a listener loses what does not answer, as far as that is known", () => {
  const plan = makePlan(NAMES, undefined);
  const claims = [makeClaim("orders", [1, 2]), makeClaim("web", [3])];
  const table = toEndpointTable(plan, claims, EMPTY_TABLE, new Map([["orders.default", new Set<string>()]]));
  const told = { table, scope: undefined, isLearning: true };
  const tell = makeTeller();
  const services = tell(undefined, told, true)?.services.map(({ service, endpoints, partial, gone }) => [
    service,
    endpoints.map(({ port }) => port),
    partial,
    gone,
  ]);
  expect(services).toEqual([
    ["web.default", [3], true, []],
    ["orders.default", [], true, ["127.0.0.1 1", "127.0.0.1 2"]],
  ]);
  const nobody = toEndpointTable(plan, [], EMPTY_TABLE);
  expect(tell(undefined, { ...told, table: nobody }, true)).toEqual({ services: [], complete: false });
  expect(tell({ ...told, table: nobody }, { ...told, table: nobody }, true)).toBeUndefined();
  const all = tell(told, { ...told, isLearning: false }, true);
  expect([all?.complete, all?.services.length]).toEqual([true, NAMES.length]);
});

test("what a claim gives is of the plan in force, whatever it gave under the one before", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ principal: fc.constantFrom("a", "b"), mode: fc.constantFrom("strict", "edge") })),
      (plans) => {
        const claims = [makeClaim("web", [1, 2])];
        let table: EndpointTable = EMPTY_TABLE;
        for (const { principal, mode } of plans) {
          const plan = makePlan(NAMES, undefined);
          const workloads = plan.workloads.map((workload) => ({
            ...workload,
            principal,
            inbound: workload.inbound.map((port) => ({ ...port, mode })),
          })) as MeshPlan["workloads"];
          table = toEndpointTable({ ...plan, workloads }, claims, table);
          const fresh = toEndpointTable({ ...plan, workloads }, structuredClone(claims), EMPTY_TABLE);
          expect(table.rows.get("web.default")?.endpoints).toEqual(fresh.rows.get("web.default")?.endpoints);
        }
      },
    ),
  );
});

test("a move of one endpoint of many is told as that, and to those who may call it", () => {
  const plan = makePlan(NAMES, ["orders"]);
  const many = Array.from({ length: 100 }, (_, i) => i + 1);
  const others = ["web", "payments"].map((name) => makeClaim(name, [7]));
  const first = toEndpointTable(plan, [...others, makeClaim("orders", many)], EMPTY_TABLE);
  const second = toEndpointTable(plan, [...others, makeClaim("orders", [...many.slice(1), 200])], first);
  const tell = makeTeller();
  const scope = scopeOf(first, "default/web");
  const update = tell({ table: first, scope }, { table: second, scope }, true);
  expect(
    update?.services.map(({ service, endpoints, partial, gone }) => [service, endpoints.length, partial, gone]),
  ).toEqual([["orders.default", 1, true, ["127.0.0.1 1"]]]);
  const third = toEndpointTable(
    plan,
    [makeClaim("web", [7]), makeClaim("payments", [8]), makeClaim("orders", many)],
    first,
  );
  expect(tell({ table: first, scope }, { table: third, scope }, true)).toBeUndefined();
});

test("a port that is renamed is known by its number, and to each service by that service's own", () => {
  const [web] = makePlan(["web"], undefined).workloads as [WorkloadPlan];
  const outbound = [
    { name: "web", namespace: "default", port: 80, portName: "api" },
    { name: "shop", namespace: "default", port: 8080, portName: "api" },
  ] as unknown as MeshPlan["outbound"];
  const inbound = web.inbound.map((port) => ({ ...port, name: "api", servicePort: 80 }));
  const plan: MeshPlan = {
    ...makePlan(["web", "shop"], undefined),
    outbound,
    workloads: [{ ...web, inbound, alsoServes: ["shop.default"] }],
  };
  // The proxy still has the snapshot in which the port was called http.
  const [known, unknown] = [makeClaim("web", [1]), makeClaim("web", [2])];
  const numbered = { ...known, listen: known.listen.map((address) => ({ ...address, servicePort: 80 })) };
  const { rows } = toEndpointTable(plan, [numbered, unknown], EMPTY_TABLE);
  const told = (service: string) =>
    [...(rows.get(service)?.endpoints.values() ?? [])].map(({ port, portName, servicePort }) => [
      port,
      portName,
      servicePort,
    ]);
  expect(told("web.default")).toEqual([[1, "api", 80]]);
  expect(told("shop.default")).toEqual([[1, "api", 8080]]);
});

test("of a service who answers now is told, of another whoever claims to", () => {
  const plan = makePlan(NAMES, undefined);
  const claims = [makeClaim("orders", [1]), makeClaim("web", [2])];
  const answering = new Map([["orders.default", new Set<string>()]]);
  const open = toEndpointTable(plan, claims, EMPTY_TABLE);
  const closed = toEndpointTable(plan, claims, open, answering);
  expect([...closed.rows].map(([service, { endpoints }]) => `${service} ${endpoints.size}`)).toEqual([
    "web.default 1",
    "orders.default 0",
    "payments.default 0",
  ]);
  expect([...closed.changed]).toEqual(["orders.default"]);
  const again = toEndpointTable(plan, claims, closed, new Map([["orders.default", new Set(["default/orders"])]]));
  expect(again.rows.get("orders.default")?.endpoints.size).toBe(1);
});

test("a plan by which nobody is told anything else leaves the version, whatever else of it is new", () => {
  const claims = NAMES.map((name, at) => makeClaim(name, [at + 1]));
  const before = toEndpointTable(makePlan(NAMES, ["orders"]), claims, EMPTY_TABLE);
  const rows: readonly (readonly [readonly string[], readonly string[] | undefined, boolean])[] = [
    [NAMES, ["orders"], true],
    [NAMES, ["payments"], false],
    [NAMES, ["orders", "payments"], false],
    [NAMES, undefined, false],
    [["web", "orders"], ["orders"], false],
  ];
  for (const [names, calls, isSame] of rows) {
    const plan = makePlan(names, calls);
    const next = toEndpointTable(plan, claims, before);
    expect(next.version === before.version).toBe(isSame);
    // What it says of whom is by the new plan all the same.
    expect(next.places.plan).toBe(plan);
    const [web, other] = [before, next].map((table) => ({ table, scope: scopeOf(table, "default/web") }));
    if (isSame) expect(makeTeller()(web, other as Told, true)).toBeUndefined();
  }
});

test("those who are lost count for a service of which nobody else is known, and for no other", () => {
  const plan = makePlan(NAMES, undefined);
  const [orders, lostOrders, web] = [makeClaim("orders", [1]), makeClaim("orders", [2]), makeClaim("web", [3])];
  const portsOf = ({ rows }: EndpointTable) =>
    [...(rows.get("orders.default")?.endpoints.values() ?? [])].map(({ port }) => port);
  const rows: readonly (readonly [
    claims: readonly Claim[],
    lost: readonly Claim[],
    answering: string[] | undefined,
    ports: number[],
    kept: string[],
  ])[] = [
    [[orders, web], [], undefined, [1], []],
    [[orders, web], [lostOrders], undefined, [1], []],
    [[web], [orders], undefined, [1], ["orders.default"]],
    [[web], [orders, lostOrders], undefined, [1, 2], ["orders.default"]],
    // Who is there and says nowhere yet where it listens leaves nobody without an answer.
    [[makeClaim("orders", []), web], [lostOrders], undefined, [2], ["orders.default"]],
    // Whoever is said not to answer is not asked, lost or not.
    [[web], [orders], [], [], []],
    [[orders, web], [lostOrders], [], [], []],
    [[web], [], undefined, [], []],
  ];
  let table = EMPTY_TABLE;
  const tell = makeTeller();
  for (const [claims, lost, answering, ports, kept] of rows) {
    const said = answering && new Map([["orders.default", new Set(answering)]]);
    const next = toEndpointTable(plan, claims, table, said, lost);
    expect([portsOf(next), keptServices(next)]).toEqual([ports, kept]);
    const isTold = tell({ table, scope: undefined }, { table: next, scope: undefined }, true) !== undefined;
    // That they are kept is nothing that callers are told.
    expect(isTold).toBe(table === EMPTY_TABLE || portsOf(table).join() !== ports.join());
    table = next;
  }
});

test("a table that follows another says what it would say by itself, whichever values of its plan are those of before", () => {
  const claims = NAMES.map((name, at) => makeClaim(name, [at + 1]));
  const plan = { ...makePlan(NAMES, ["orders"]), outbound: NAMES.map((name) => plannedService(name)) };
  const change = (name: string, more: Partial<WorkloadPlan>): MeshPlan => ({
    ...plan,
    workloads: plan.workloads.map((each) => (each.name === name ? { ...each, ...more } : each)),
  });
  const rows: Record<string, MeshPlan> = {
    "all are": { ...plan, workloads: [...plan.workloads] },
    "all but one that has other labels": change("orders", { labels: { tier: "a" } }),
    "all but one that may call others": change("web", { calls: ["payments.default"] }),
    "all but a port of a service that they answer for": {
      ...plan,
      outbound: plan.outbound.map((each, at) => (at === 0 ? { ...each, port: each.port + 1 } : each)),
    },
    "those that are left": { ...plan, workloads: plan.workloads.slice(1), services: plan.services.slice(1) },
  };
  for (const [name, next] of Object.entries(rows)) {
    let before = toEndpointTable(plan, claims, EMPTY_TABLE);
    // Twice: what was taken over is taken over again.
    for (let round = 0; round < 2; round++) {
      for (const each of NAMES) scopeOf(before, `default/${each}`);
      const [table, anew] = [before, EMPTY_TABLE].map((one) => toEndpointTable({ ...next }, claims, one));
      expect(table?.places.facts, name).toEqual(anew?.places.facts);
      expect(table?.places.numbers, name).toEqual(anew?.places.numbers);
      const told = (one: EndpointTable | undefined) =>
        one && [
          [...one.rows].map(([key, { endpoints }]) => [key, [...endpoints]]),
          NAMES.map((each) => scopeOf(one, `default/${each}`)),
        ];
      expect(told(table), name).toEqual(told(anew));
      before = table ?? before;
    }
  }
});
