import type { DecisionBody, GraphBody } from "@regomesh/controller/api";
import { expect, test } from "vitest";
import { addDecisions, EMPTY } from "./api/feed.ts";
import { healthOf, printAge, printLeft, printMs, printPrincipal, printRate, printShare } from "./format.ts";
import { layOut, topologyOf } from "./graph/layout.ts";
import { fit, zoom } from "./graph/viewport.ts";
import { type Selection, search, walk } from "./selection.ts";
import { filterDecisions } from "./strip/filter.ts";

function makeDecision(id: string, change: Partial<DecisionBody> = {}): DecisionBody {
  return {
    ...{ id, timeMs: 1, direction: "inbound", verdict: "allowed", status: 200, reason: "", method: "GET", path: "/" },
    ...{ source: "", service: "web.default", workload: "web", entrypoint: "mesh/authz/allow", revision: "abc" },
    ...{ requestId: "r", durationMs: 1, policyNs: 900, builtinErrors: 0, rules: [] },
    ...change,
  } as DecisionBody;
}

const NODE = { namespace: "default", kind: "service", subsets: [], workloads: [], state: "ready", success: 1 };
const GRAPH = {
  nodes: ["web.default", "orders.default", "payments.default"].map((id) => ({ ...NODE, id, name: id.split(".")[0] })),
  edges: [
    { id: "a", from: "web.default", to: "orders.default", requestsPerSecond: 1 },
    { id: "b", from: "orders.default", to: "payments.default", requestsPerSecond: 1 },
  ],
} as unknown as GraphBody;

test.each([
  [printRate(0), "0"],
  [printRate(0.01), "<0.1"],
  [printRate(3.21), "3.2"],
  [printRate(3400), "3.4k"],
  [printMs(0.182), "182 µs"],
  [printMs(4.12), "4.1 ms"],
  [printMs(1234), "1.2 s"],
  [printMs(undefined), "–"],
  [printShare(0.9999), "99.9 %"],
  [printShare(1), "100 %"],
  [printAge(61_000), "1 min"],
  [printLeft(85_260_000), "23 h 41 min"],
  [printLeft(-1), "expired"],
  [printPrincipal("spiffe://cluster.local/ns/default/sa/web"), "web"],
  [printPrincipal(""), "outside"],
  [healthOf(0.96), "fair"],
])("figures as people read them: %s", (found, wanted) => {
  expect(found).toBe(wanted);
});

test("boxes stand left to right, and do not move when numbers do", () => {
  const layout = layOut(GRAPH);
  const lefts = GRAPH.nodes.map(({ id }) => layout.nodes.get(id)?.x ?? Number.NaN);
  expect([...lefts].sort((a, b) => a - b)).toEqual(lefts);
  const busier = { ...GRAPH, edges: GRAPH.edges.map((edge) => ({ ...edge, requestsPerSecond: 99 })) };
  expect(topologyOf(busier)).toBe(topologyOf(GRAPH));
  expect(layOut(busier)).toEqual(layout);
});

test("arrow keys walk along the edges", () => {
  const seen: string[] = [];
  let at: Selection = { kind: "node", id: "web.default" };
  for (let i = 0; i < 5; i++) {
    at = walk(GRAPH, at, "right");
    seen.push("id" in at ? at.id : at.kind);
  }
  expect(seen).toEqual(["a", "orders.default", "b", "payments.default", "payments.default"]);
  expect(search(GRAPH, "pay")).toEqual({ kind: "node", id: "payments.default" });
});

test("zooming keeps the point under the pointer", () => {
  const view = fit(400, 200, 800, 600);
  const zoomed = zoom(view, 1.5, 300, 200);
  const before = (300 - view.x) / view.scale;
  expect((300 - zoomed.x) / zoomed.scale).toBeCloseTo(before);
});

test("the strip shows refused decisions first, and those that all typed words are found in", () => {
  const decisions = [
    makeDecision("1"),
    makeDecision("2", { verdict: "denied", status: 403, path: "/refunds" }),
    makeDecision("3", { service: "payments.default", source: "spiffe://cluster.local/ns/default/sa/orders" }),
  ];
  expect(filterDecisions(decisions, "").map(({ id }) => id)).toEqual(["2", "1", "3"]);
  expect(filterDecisions(decisions, "refused web").map(({ id }) => id)).toEqual(["2"]);
  expect(filterDecisions(decisions, "orders payments").map(({ id }) => id)).toEqual(["3"]);
});

test("a decision that comes twice is kept once, the newest first", () => {
  const feed = { ...EMPTY, decisions: [makeDecision("1"), makeDecision("2")] };
  const { decisions } = addDecisions(feed, {
    decisions: [makeDecision("3"), makeDecision("1")],
    dropped: 0,
    version: 0,
  });
  expect(decisions?.map(({ id }) => id)).toEqual(["3", "1", "2"]);
});
