import type { DecisionReport, ProxyReport } from "@regomesh/protocol";
import { expect, test } from "vitest";
import { DecisionLog } from "./decision-log.ts";
import type { Places } from "./places.ts";

const PLACES: Places = {
  services: new Set(["web.default", "orders.default"]),
  serviceOfWorkload: new Map([
    ["default/web", "web.default"],
    ["default/orders", "orders.default"],
  ]),
  serviceOfPrincipal: new Map(),
  shadows: new Map(),
};

function makeDecision(id: string, more: Partial<DecisionReport> = {}): DecisionReport {
  const base: Partial<DecisionReport> = {
    id,
    timeMs: 1,
    direction: "inbound",
    verdict: "denied",
    status: 403,
    reason: "",
    method: "GET",
    path: "/",
    sourcePrincipal: "",
    destinationService: "",
    destinationWorkload: "",
    entrypoint: "",
    requestId: "",
    detail: "",
    fields: [],
    endpoint: "",
    tries: 0,
    rules: [],
    shadows: [],
  };
  return { ...base, ...more } as DecisionReport;
}

const report = (decisions: readonly DecisionReport[]) => ({ decisions, decisionsDropped: 0 }) as unknown as ProxyReport;

test("decisions are kept by what they weigh: one proxy's long ones drive out none of another's", () => {
  const log = new DecisionLog();
  log.apply("default/orders", report([makeDecision("small")]), PLACES);
  const long = "x".repeat(1024);
  const rules = Array.from({ length: 32 }, () => `data.x ${long.slice(0, 1000)}:1:1`);
  for (let at = 0; at < 1000; at++) log.apply("default/web", report([makeDecision(`d${at}`, { rules })]), PLACES);
  expect(log.find("small")?.id).toBe("small");
  expect(JSON.stringify(log.list({ limit: 500 })).length).toBeLessThan(10_000_000);
  expect(log.list({ limit: 1 }).decisions[0]?.id).toBe("d999");
});

test("decisions are asked for page by page, of a namespace alone", () => {
  const log = new DecisionLog();
  for (let at = 0; at < 10; at++) {
    log.apply(at % 2 === 0 ? "shop/web" : "bank/web", report([makeDecision(`d${at}`)]), PLACES);
  }
  const ids = (query: Parameters<DecisionLog["list"]>[0]) => log.list(query).decisions.map(({ id }) => id);
  expect(ids({ limit: 2, namespace: "shop" })).toEqual(["d8", "d6"]);
  expect(ids({ limit: 2, namespace: "shop", before: "d6" })).toEqual(["d4", "d2"]);
  expect(ids({ workload: "web", before: "d2" })).toEqual(["d1", "d0"]);
  expect(ids({ before: "d0" })).toEqual([]);
  expect(ids({ before: "never" })).toEqual([]);
});
