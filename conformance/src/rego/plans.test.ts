import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { makeHostBuiltins } from "@regomesh/policy-runtime/node";
import { expect, test } from "vitest";
import knownIssues from "./known-issues-plans.json" with { type: "json" };
import { missingBuiltins, readPlanCases, runPlanCase } from "./plans.ts";
import { runCases } from "./report.ts";

/** A moment after which the tokens of the cases are judged. */
const host = makeHostBuiltins({ nowMs: () => Date.UTC(2026, 0, 1), hosts: "127.0.0.1 localhost\n::1 localhost" });
const folder = join(import.meta.dirname, "../../../../shared/rego/rego-plans/v1");

test.skipIf(!existsSync(folder))("OPA's plans give OPA's results, under our evaluator and the npm SDK", async () => {
  const runtime = await loadRuntime();
  const cases = readPlanCases(folder).filter((planCase) => missingBuiltins(planCase, runtime, host).length === 0);
  const report = runCases(cases, (planCase) => runPlanCase(planCase, runtime, host), knownIssues);
  expect(report.failed).toEqual([]);
  expect(report.fixed).toEqual([]);
  expect(report.passed).toBeGreaterThan(580);
});
