import type { DecisionReport, EdgeReport, ProxyReport } from "@regomesh/protocol";
import { describe, expect, test } from "vitest";
import type { GraphBody } from "../api/graph.ts";
import type { MeshPlan } from "../build/build.ts";
import { DecisionLog } from "./decision-log.ts";
import { type ProxyStates, toGraph, toHistory } from "./graph.ts";
import { Ledger } from "./ledger.ts";
import { toPlaces } from "./places.ts";
import { quantile } from "./tally.ts";

const workload = (name: string, service: string) =>
  ({
    name,
    namespace: "default",
    service,
    principal: `spiffe://td/ns/default/sa/${service}`,
  }) as MeshPlan["workloads"][number];
const plan: MeshPlan = {
  mesh: { name: "m", trustDomain: "td" },
  workloads: [workload("web", "web"), workload("orders-v1", "orders"), workload("orders-v2", "orders")],
  outbound: [],
  services: ["web", "orders"].map((name) => ({ name, namespace: "default", subsets: [], policies: [] })),
  modules: [],
};
const places = toPlaces(plan);

const edge = (more: Partial<EdgeReport>): EdgeReport => ({
  direction: "inbound",
  peerService: "",
  peerPrincipal: "",
  service: "",
  subset: "",
  mtls: true,
  revision: undefined,
  requests: 0,
  success: 0,
  failures: 0,
  denied: 0,
  limited: 0,
  boundsMs: [1, 10, 100],
  counts: [0, 0, 0, 0],
  ...more,
});
const report = (name: string, edges: readonly EdgeReport[], more: Partial<ProxyReport> = {}): ProxyReport => ({
  timeMs: 0,
  edges: [...edges],
  decisions: [],
  decisionsDropped: 0,
  holding: undefined,
  svidNotAfterMs: 0,
  troubles: [],
  captured: false,
  policyP50Ns: 0,
  policyP99Ns: 0,
  refusedTotal: 0,
  overBudgetTotal: 0,
  handshakes: [],
  endpoints: [],
  shadows: [],
  workload: name,
  namespace: "default",
  instance: "i",
  ...more,
});
const states = (state: "ready" | "stale" | "gone" = "ready", orders = state): ProxyStates =>
  new Map([
    ["default/web", { state, lastWordMs: 1 }],
    ["default/orders-v1", { state: orders, lastWordMs: 1 }],
    ["default/orders-v2", { state: orders, lastWordMs: 1 }],
  ]);

type Steps = readonly (readonly [number, string, readonly EdgeReport[], string?])[];

/** Plays reports `[atMs, workload, edges, instance]` and draws the graph at a time. */
function play(steps: Steps, nowMs: number, of = states()): GraphBody {
  return toGraph({ plan, ledger: ledgerOf(steps), states: of, endpoints: [], nowMs });
}

function ledgerOf(steps: Steps): Ledger {
  const ledger = new Ledger();
  for (const [atMs, name, edges, instance = "i"] of steps) {
    ledger.apply(`default/${name}`, report(name, edges, { instance }), places, atMs);
  }
  return ledger;
}

const toOrders = (more: Partial<EdgeReport>) => edge({ direction: "outbound", peerService: "orders.default", ...more });
const fromWeb = (more: Partial<EdgeReport>) =>
  edge({ peerPrincipal: "spiffe://td/ns/default/sa/web", service: "orders", ...more });

describe("the graph", () => {
  test("counts from an instance's first report, and both ends of an edge are one edge", () => {
    const graph = play(
      [
        [10_000, "web", [toOrders({ requests: 1000, success: 1000 })]],
        [10_000, "orders-v1", [fromWeb({ requests: 500, success: 500, denied: 0 })]],
        [11_000, "web", [toOrders({ requests: 1010, success: 1008, failures: 2, counts: [5, 5, 0, 0] })]],
        [11_000, "orders-v1", [fromWeb({ requests: 510, success: 507, denied: 3 })]],
      ],
      11_000,
    );
    expect(graph.edges).toHaveLength(1);
    expect(graph.edges[0]).toMatchObject({
      from: "web.default",
      to: "orders.default",
      mtls: true,
      state: "ready",
      requestsPerSecond: 5,
      success: 0.8,
      deniedPerSecond: 1.5,
      deniedTotal: 3,
      p50Ms: 1,
    });
    expect(graph.refusedPerSecond).toBe(1.5);
  });

  test("an edge that is new to a known instance counts from zero, a restarted instance anew", () => {
    const steps: Steps = [
      [10_000, "web", []],
      [11_000, "web", [toOrders({ requests: 4, success: 4 })]],
      [12_000, "web", [toOrders({ requests: 100, success: 100 })], "j"],
      [13_000, "web", [toOrders({ requests: 102, success: 102 })], "j"],
    ];
    const graph = play(steps, 13_000);
    const history = toHistory(ledgerOf(steps), "web.default orders.default", 13_000);
    expect(history?.points.map(({ requestsPerSecond }) => requestsPerSecond)).toEqual([2]);
    expect(graph.edges[0]?.requestsPerSecond).toBe(2);
  });

  test("an edge names the revisions that decided, the newest first", () => {
    const at = (sequence: number, more: Partial<EdgeReport>) =>
      toOrders({ revision: { epoch: "e", sequence, name: `r${sequence}` }, ...more });
    const graph = play(
      [
        [10_000, "web", [at(1, { requests: 100, success: 100 })]],
        [11_000, "web", [at(1, { requests: 104, success: 104 })]],
        [12_000, "web", [at(2, { requests: 3, denied: 3 }), at(1, { requests: 105, success: 104, failures: 1 })]],
      ],
      12_000,
    );
    expect(graph.edges.map(({ id }) => id)).toEqual(["web.default orders.default"]);
    expect(
      graph.edges[0]?.revisions.map(({ name, requests, denied, failures }) => [name, requests, denied, failures]),
    ).toEqual([
      ["r2", 3, 3, 0],
      ["r1", 5, 0, 1],
    ]);
    expect(graph.edges[0]?.deniedTotal).toBe(3);
  });

  test("callers that are not of the mesh are outside", () => {
    const graph = play([[1000, "web", [edge({ service: "web", mtls: false, requests: 3 })]]], 1000);
    expect(graph.nodes.map(({ id }) => id)).toEqual(["web.default", "orders.default", "outside"]);
    expect(graph.edges.map(({ id, mtls }) => [id, mtls])).toEqual([["outside web.default", false]]);
  });

  test("rates fall to nothing when nobody reports, and the history keeps quiet points", () => {
    const steps = [
      [10_000, "web", [toOrders({ requests: 1 })]],
      [11_000, "web", [toOrders({ requests: 11 })]],
    ] as const;
    const later = play(steps, 31_000).edges[0];
    expect(later?.requestsPerSecond).toBe(0);
    expect(later?.success).toBe(1);
    expect(toHistory(ledgerOf(steps), "web.default orders.default", 31_000)?.points).toHaveLength(5);
    expect(toHistory(ledgerOf(steps), "orders.default web.default", 31_000)).toBeUndefined();
    expect(play(steps, 700_000).edges).toEqual([]);
  });

  test("an edge's history says what its ends have agreed on", () => {
    const agreed = { protocol: "TLSv1.3", cipher: "c", group: "X25519MLKEM768", spoken: "h2" };
    const peerPrincipal = "spiffe://td/ns/default/sa/orders";
    const handshakes = [{ direction: "outbound", peerPrincipal, ...agreed, count: 2 }];
    const ledger = new Ledger();
    const sent = edge({ direction: "outbound", peerService: "orders", requests: 1 });
    ledger.apply("default/web", report("web", [sent], { handshakes }), places, 0);
    expect(toHistory(ledger, "web.default orders.default", 0)?.agreements).toEqual([{ ...agreed, handshakes: 2 }]);
  });

  test("a service whose proxies are all gone takes its edges with it; one of two makes it stale", () => {
    const steps = [[1000, "web", [toOrders({ requests: 1 })]]] as const;
    const gone = play(steps, 1000, states("ready", "gone"));
    expect(gone.nodes.map(({ state }) => state)).toEqual(["ready", "gone"]);
    expect(gone.edges[0]?.state).toBe("gone");
    const half = new Map(states()).set("default/orders-v2", { state: "gone", lastWordMs: 1 });
    expect(play(steps, 1000, half).nodes[1]?.state).toBe("stale");
    const never = new Map(states()).set("default/orders-v2", { state: "never", lastWordMs: undefined });
    expect(play(steps, 1000, never).nodes[1]?.state).toBe("ready");
  });

  test("an unknown service, a workload of another mesh and nonsense numbers change nothing", () => {
    const graph = play(
      [
        [1000, "stranger", [toOrders({ requests: 1 })]],
        [1000, "web", [edge({ direction: "outbound", peerService: "nowhere", requests: 5 })]],
        [1000, "web", [toOrders({ requests: Number.NaN, denied: -5 })]],
        [2000, "web", [toOrders({ requests: Number.POSITIVE_INFINITY, boundsMs: Array(10_000).fill(1) })]],
      ],
      2000,
    );
    expect(graph.edges).toEqual([]);
    expect(graph.requestsPerSecond).toBe(0);
  });
});

describe("what is kept of reports is bounded", () => {
  test("whatever names a proxy makes up, and however often it starts anew", () => {
    const ledger = new Ledger();
    for (let turn = 0; turn < 200; turn++) {
      const edges = Array.from({ length: 1000 }, (_, at) =>
        toOrders({
          requests: 1,
          subset: `${turn} ${at} `.repeat(1000),
          revision: { epoch: "e", sequence: turn, name: "r" },
        }),
      );
      ledger.apply("default/web", report("web", edges, { instance: `${turn % 3}` }), places, turn);
    }
    expect(ledger.seriesKept).toBeLessThanOrEqual(3 * 1000);
    const made = (at: number) => toOrders({ requests: 1, subset: `made up ${at}` });
    const everything = Array.from({ length: 1000 }, (_, at) => made(at));
    const breakers = Array.from({ length: 1000 }, (_, port) => {
      return { service: "orders.default", address: "127.0.0.1", port, breaker: "open" };
    });
    for (let turn = 0; turn < 64; turn++) {
      const all = report("web", everything, { instance: `r${turn}`, endpoints: breakers });
      ledger.apply("default/web", all, places, turn);
    }
    expect(ledger.seriesKept).toBeLessThanOrEqual(16_000);
    expect(ledger.lastReport("default/web")?.instance).toBe("r63");
    for (let turn = 0; turn < 1000; turn++) {
      ledger.apply("default/web", report("web", [toOrders({ requests: 1 })], { instance: `i${turn}` }), places, turn);
    }
    expect(ledger.seriesKept).toBeLessThanOrEqual(64);
    expect(ledger.edges(1000)[0]?.revisions.length).toBe(8);
  });

  test("a commit every second leaves no more series than a report names", () => {
    const ledger = new Ledger();
    const told = (sequence: number) =>
      Array.from({ length: 8 }, (_, at) => sequence - at)
        .filter((one) => one > 0)
        .map((one) => toOrders({ requests: 10, revision: { epoch: "e", sequence: one, name: `r${one}` } }));
    for (let sequence = 1; sequence <= 500; sequence++) {
      ledger.apply("default/web", report("web", told(sequence)), places, sequence * 1000);
    }
    expect(ledger.seriesKept).toBe(8);
  });
});

test.each([
  [[10, 0, 0, 0], 0.5, 0.5],
  [[0, 10, 0, 0], 0.99, 9.91],
  [[0, 0, 0, 10], 0.5, 100],
  [[0, 0, 0, 0], 0.5, undefined],
])("quantile of %j at %f", (counts, share, value) => {
  const tally = { requests: 0, success: 0, failures: 0, denied: 0, limited: 0, boundsMs: [1, 10, 100], counts };
  const found = quantile(tally, share);
  expect(found === undefined ? undefined : Math.round(found * 100) / 100).toBe(value);
});

describe("the decision log", () => {
  const decision = (id: string, more: Partial<DecisionReport> = {}): DecisionReport => ({
    id,
    timeMs: 1,
    direction: "inbound",
    verdict: "denied",
    status: 403,
    reason: "",
    method: "GET",
    path: "/refunds",
    sourcePrincipal: "spiffe://td/ns/default/sa/web",
    destinationService: "orders",
    destinationWorkload: "orders-v1",
    rules: ["data.mesh.authz.allow examples/authz/orders.rego:14:1", "nonsense"],
    entrypoint: "mesh/authz/allow",
    revision: { epoch: "e", sequence: 4, name: "r" },
    requestId: "",
    durationMs: 1,
    policyNs: 1,
    builtinErrors: 0,
    shadows: [],
    detail: "",
    fields: [],
    endpoint: "",
    tries: 0,
    ...more,
  });
  const log = new DecisionLog();
  log.apply(
    "default/orders-v1",
    report("orders-v1", [], { decisions: [decision("a"), decision("b", { verdict: "allowed" })], decisionsDropped: 7 }),
    places,
  );
  log.apply(
    "default/orders-v1",
    report("orders-v1", [], { decisions: [decision("c", { verdict: "odd", path: "x".repeat(10_000) })] }),
    places,
  );

  test("the decision that decided is the receiver's own, of the same request alone", () => {
    const own = new DecisionLog();
    const refusal = (id: string, requestId: string, more: Partial<DecisionReport>) =>
      decision(id, { requestId, ...more });
    const sender: Partial<DecisionReport> = { direction: "outbound", rules: [], entrypoint: "" };
    const decisions = [
      refusal("s1", "one", sender),
      refusal("r1", "one", {}),
      refusal("s2", "two", sender),
      refusal("r2", "other", {}),
      refusal("r3", "two", { verdict: "allowed" }),
      refusal("s3", "", sender),
      refusal("r4", "", {}),
    ];
    own.apply("default/orders-v1", report("orders-v1", [], { decisions }), places);
    const deciding = ["s1", "r1", "s2", "s3", "r3", "none"].map((id) => own.deciding(id)?.id);
    expect(deciding).toEqual(["r1", "r1", "s2", "s3", "r3", undefined]);
  });

  test("lists the newest first, with rules taken apart and places by name", () => {
    const { decisions, dropped } = log.list({});
    expect(decisions.map(({ id }) => id)).toEqual(["c", "b", "a"]);
    expect(dropped).toBe(7);
    expect(log.find("a")).toMatchObject({ source: "web.default", service: "orders.default", verdict: "denied" });
    expect(log.find("a")?.rules).toEqual([
      { path: "data.mesh.authz.allow", file: "examples/authz/orders.rego", row: 14 },
    ]);
  });

  test("finds by words and verdict, within limits", () => {
    expect(log.list({ q: "refused web orders.rego" }).decisions.map(({ id }) => id)).toEqual(["a"]);
    expect(log.list({ verdict: "allowed" }).decisions.map(({ id }) => id)).toEqual(["b"]);
    expect(log.list({ limit: 1 }).decisions.map(({ id }) => id)).toEqual(["c"]);
    expect(log.find("c")).toMatchObject({ verdict: "broken", path: "x".repeat(1024) });
  });

  test("is its reporter's word about itself alone, whatever names it gives", () => {
    const own = new DecisionLog();
    const lies = { destinationService: "web", destinationWorkload: "web" };
    own.apply(
      "default/orders-v1",
      report("orders-v1", [], {
        decisions: [
          decision("in", lies),
          decision("out", { ...lies, direction: "outbound", sourcePrincipal: "spiffe://td/ns/default/sa/web" }),
        ],
      }),
      places,
    );
    expect(own.find("in")).toMatchObject({
      reporter: "default/orders-v1",
      service: "orders.default",
      workload: "orders-v1",
    });
    expect(own.find("out")).toMatchObject({ reporter: "default/orders-v1", source: "orders.default" });
    own.apply("default/web", report("web", [], { decisions: [decision("in", { path: "/forged" })] }), places);
    expect(own.find("in")).toMatchObject({ reporter: "default/orders-v1", path: "/refunds" });
  });

  test("one proxy that reports without end drives out its own decisions, not the others'", () => {
    const shared = new DecisionLog();
    shared.apply("default/web", report("web", [], { decisions: [decision("of-web")] }), places);
    for (let turn = 0; turn < 50; turn++) {
      const decisions = Array.from({ length: 500 }, (_, at) => decision(`${turn}-${at}`));
      shared.apply("default/orders-v1", report("orders-v1", [], { decisions }), places);
    }
    expect(shared.find("of-web")).toBeDefined();
    expect(shared.find("0-0")).toBeUndefined();
    expect(shared.find("49-499")).toBeDefined();
  });

  test("keeps the last two thousand", () => {
    for (let turn = 0; turn < 10; turn++) {
      const decisions = Array.from({ length: 300 }, (_, at) => decision(`${turn}-${at}`));
      log.apply("default/orders-v1", report("orders-v1", [], { decisions }), places);
    }
    expect(log.find("a")).toBeUndefined();
    expect(log.list({ limit: 9999 }).decisions).toHaveLength(500);
  });
});
