import { expect, test } from "vitest";
import type { DecisionBody } from "../api/decisions.ts";
import { policyFaults } from "./policy-faults.ts";

const NOW = 1_800_000_000_000;
const decision = (more: Partial<DecisionBody>): DecisionBody => ({
  ...{ id: "a", timeMs: NOW, direction: "inbound", verdict: "broken", status: 503, reason: "policy_type_error" },
  ...{ method: "GET", path: "/", reporter: "default/orders", source: "", service: "", workload: "orders" },
  ...{
    entrypoint: "mesh/ratelimit/limits",
    revision: "new",
    sequence: 2,
    requestId: "",
    endpoint: "",
    tries: 0,
    durationMs: 1,
    policyNs: 1,
  },
  ...{ builtinErrors: 0, shadows: [], rules: [], detail: "limits[0].limit must be a number" },
  ...more,
});
const fault = {
  workload: "default/orders",
  entrypoint: "mesh/ratelimit/limits",
  reason: "policy_type_error",
  detail: "limits[0].limit must be a number",
};

test("the same fault of the same entrypoint is one, with how often and when last", () => {
  const decisions = [decision({}), decision({ timeMs: NOW - 5 }), decision({ timeMs: NOW - 9, detail: "another" })];
  expect(policyFaults(decisions, "new")).toEqual([
    { ...fault, decisions: 2, lastMs: NOW },
    { ...fault, detail: "another", decisions: 1, lastMs: NOW - 9 },
  ]);
});

test("verdicts, faults of the mesh and what an older revision did are none", () => {
  const others = [
    decision({ verdict: "denied", reason: "" }),
    decision({ reason: "upstream_refused" }),
    decision({ revision: "old" }),
  ];
  expect(policyFaults(others, "new")).toEqual([]);
});
