/** The policy compiler as builds use it. */
import { createHash } from "node:crypto";
import { positionAt } from "@regomesh/base";
import { COMPILER, compile, explainRules, runTests, type TestResult, toUnit } from "@regomesh/policy-compiler";
import { loadRuntime, makeToolLoader } from "@regomesh/policy-compiler/node";
import { openPolicy, type Policy, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import { canonicalJson, snapshotHash } from "@regomesh/protocol";
import { parseResources } from "@regomesh/resources";
import type { FailedTestBody } from "../../api/releases.ts";
import { meaningOf } from "../../build/meaning.ts";
import { makeAnew, type PolicyTools, type UnitFiles } from "../../build/tools.ts";

export async function loadTools({ testsCpuMs = TESTS_CPU_MS_MAX } = {}): Promise<PolicyTools> {
  const runtime = await loadRuntime();
  // Whoever may commit a test may not have the controller ask its network.
  const hostBuiltins = await makeToolLoader({ nowMs: Date.now, allowNet: [] })();
  const opened = new Map<string, Policy>();
  let document: ReturnType<typeof compileDocument> | undefined;
  const digest = createHash("sha256");
  for (const { entries } of runtime.sections.values()) digest.update(entries);
  return {
    version: `${COMPILER} ${digest.digest("hex").slice(0, 16)}`,
    parse: parseResources,
    compile(units, entrypoints, role) {
      const made = units.map((unit) => toUnit(unit));
      const faults = made.flatMap(({ diagnostics }) => diagnostics);
      const compiled = compile({ units: made.map(({ unit }) => unit), entrypoints, runtime, role });
      return { ...compiled, diagnostics: [...faults, ...compiled.diagnostics] };
    },
    meaningOf,
    digest: (value) => snapshotHash(canonicalJson(value)),
    again: makeAnew,
    test(files: UnitFiles) {
      const sinceMs = cpuMs();
      const { unit, diagnostics } = toUnit(files);
      const report = runTests({ unit, runtime, hostBuiltins, nowMs: cpuMs, withinMs: testsCpuMs });
      return {
        diagnostics: [...diagnostics, ...report.diagnostics],
        passed: report.tests.filter(({ outcome }) => outcome === "pass").length,
        failed: report.tests.filter(({ outcome }) => outcome === "fail" || outcome === "error").map(toFailedTest),
        cpuMs: cpuMs() - sinceMs,
      };
    },
    open({ hash, wasm, data }, destination) {
      const key = `${hash} ${JSON.stringify(destination)}`;
      const policy = opened.get(key) ?? openPolicy({ wasm, data, destination, hostBuiltins, seed: SEED });
      opened.set(key, policy);
      const [oldest] = opened.keys();
      if (opened.size > OPENED_MAX && oldest !== undefined) opened.delete(oldest);
      return policy;
    },
    nowMs: Date.now,
    cpuMs,
    inputOf(head, connection, destination, nowMs) {
      document ??= compileDocument(runtime);
      const policy = openPolicy({ ...document, destination, hostBuiltins, seed: SEED });
      policy.setConnection(connection);
      const outcome = policy.decide(head, head.length, toHeadTable(head), 1, RequestId.of("rehearsal"), nowMs).value(0);
      return outcome.kind === "defined" ? JSON.stringify(outcome.value) : "{}";
    },
    explain(files, entrypoint, input) {
      const { unit } = toUnit(files);
      return explainRules({ unit, entrypoint, input, runtime, hostBuiltins });
    },
  };
}

/** Of a unit: who writes tests may not have everybody's builds wait for them. An admission has ten seconds altogether. */
const TESTS_CPU_MS_MAX = 5000;

/** Of this process: a machine that is busy makes no test take longer. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Instances for rehearsals: a few megabytes each. */
const OPENED_MAX = 32;

/** Chosen hash collisions are no matter where nobody waits. */
const SEED = 1;

/** A policy whose answer is its input: the document that any policy sees, by the code that makes it for them. */
function compileDocument(runtime: Awaited<ReturnType<typeof loadRuntime>>) {
  const text = "package rehearsal\n\ndocument := input\n";
  const { unit } = toUnit({ name: "rehearsal", directory: "", files: [{ name: "document.rego", text }] });
  const { module } = compile({
    units: [unit],
    entrypoints: [{ unit: unit.name, name: "rehearsal/document" }],
    runtime,
  });
  if (module === undefined) throw new Error("the policy that is its input compiles");
  return module;
}

/** The expression that did not hold, with its place; the test's own where it ended in an error. */
function toFailedTest({ name, file, row, error, failure }: TestResult): FailedTestBody {
  if (failure === undefined) return { name, file, row, message: error ?? "it is not true" };
  const { at, text, isNegated, values } = failure;
  const known = values.map((each) => `${each.text} = ${each.value ?? "undefined"}`).join(", ");
  const held = isNegated ? "is true" : "is not true";
  return {
    name,
    file: at.source.name,
    row: positionAt(at.source, at.span.start).row,
    message: `${text} ${held}${known === "" ? "" : `: ${known}`}`,
  };
}
