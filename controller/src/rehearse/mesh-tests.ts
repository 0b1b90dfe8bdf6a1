/** Runs MeshTests: each is a rehearsal by the plan of the commit, and what must come out of it. */
import { positionAt } from "@regomesh/base";
import { locate, type MeshTest } from "@regomesh/resources";
import type { FailedTestBody } from "../api/releases.ts";
import type { MeshPlan } from "../build/build.ts";
import type { PolicyTools } from "../build/tools.ts";
import { OUTSIDE_CALLER, type Rehearsal, rehearse } from "./rehearse.ts";
import { checkRequest, parseTarget } from "./request.ts";
import type { Stage } from "./stage.ts";

/** `message` is undefined where the test passed. */
export type MeshTestResult = Omit<FailedTestBody, "message"> & { readonly message: string | undefined };

export function runMeshTests(
  tests: readonly MeshTest[],
  plan: MeshPlan,
  tools: PolicyTools,
  nowMs: number,
): readonly MeshTestResult[] {
  return tests.map((test) => {
    const fault = faultOf(test, plan, tools, nowMs);
    const { source, span } = locate(test, fault?.path ?? "");
    return {
      name: `MeshTest ${test.metadata.namespace}/${test.metadata.name}`,
      file: source.name,
      row: positionAt(source, span.start).row,
      message: fault?.message,
    };
  });
}

/** What came out otherwise, and the field that says what should have. */
type Fault = { readonly path: string; readonly message: string };

function faultOf({ metadata, spec }: MeshTest, plan: MeshPlan, tools: PolicyTools, nowMs: number): Fault | undefined {
  const { caller, request, expect } = spec;
  const target = parseTarget(request.url);
  if (target === undefined) return { path: "spec.request.url", message: `${request.url} is no URL of the mesh` };
  const { host, ...fields } = lowered(request.headers);
  const asked = {
    ...target,
    ...(host === undefined ? {} : { authority: host }),
    method: request.method,
    fields: Object.entries(fields),
  };
  const wrong = checkRequest(asked);
  if (wrong !== undefined) return { path: "spec.request", message: wrong };
  const from = caller === OUTSIDE_CALLER || caller.includes("/") ? caller : `${metadata.namespace}/${caller}`;
  const found = rehearse({ from, request: asked, nowMs }, plan, tools);
  if (typeof found === "string") return { path: "spec.caller", message: found };
  return (
    verdictFault(found, expect) ??
    ruleFault(found, expect) ??
    targetsFault(found, expect, metadata.namespace) ??
    limitsFault(found, expect)
  );
}

type Expected = MeshTest["spec"]["expect"];

const WORDS = { allowed: "Allowed", denied: "Denied", broken: "Broken" } as const;

/** Where the verdict was given: at the sender that let nothing go, else at each receiver. */
function deciding({ outbound, reached }: Rehearsal): readonly Stage[] {
  if (outbound !== undefined && outbound.verdict !== "allowed") return [outbound];
  const stages = reached.filter(({ weight }) => weight > 0).flatMap(({ stages: of }) => of);
  return stages.length === 0 && outbound !== undefined ? [outbound] : stages;
}

function verdictFault(found: Rehearsal, { verdict, status }: Expected): Fault | undefined {
  const path = "spec.expect.verdict";
  if (found.reason !== undefined) {
    return verdict === "Broken"
      ? undefined
      : { path, message: `it is Broken, not ${verdict}: ${found.reason}: ${found.detail}` };
  }
  for (const stage of deciding(found)) {
    const word = WORDS[stage.verdict];
    const at = `${stage.direction} at ${stage.workload.namespace}/${stage.workload.name}`;
    if (word !== verdict) return { path, message: `it is ${word} ${at}, not ${verdict}: ${whyOf(stage)}` };
    if (status !== undefined && stage.status !== status)
      return { path: "spec.expect.status", message: `${at} it gets ${stage.status}, not ${status}` };
  }
  return undefined;
}

function whyOf({ reason, detail, decider, fired }: Stage): string {
  if (decider === undefined) return [reason, detail].filter((part) => part !== "").join(": ");
  const own = fired.filter(
    ({ unit, path }) => unit === decider.bound.unit && path === `data.${decider.entrypoint.replaceAll("/", ".")}`,
  );
  const places = own.map(({ file, row, path }) => `${file}:${row} ${path}`).join(", ");
  return places === "" ? `no rule of ${decider.bound.unit} ${decider.entrypoint} held` : `${places} held`;
}

function ruleFault(found: Rehearsal, { rule }: Expected): Fault | undefined {
  if (rule === undefined) return undefined;
  const stages = deciding(found);
  const lacking = stages.find(({ fired }) => !fired.some(({ path }) => path === rule));
  if (lacking === undefined && stages.length > 0) return undefined;
  const where =
    lacking === undefined
      ? "nobody was asked"
      : `it did not hold at ${lacking.workload.namespace}/${lacking.workload.name}`;
  return { path: "spec.expect.rule", message: `${rule}: ${where}` };
}

function targetsFault({ reached }: Rehearsal, { targets }: Expected, namespace: string): Fault | undefined {
  if (targets === undefined) return undefined;
  const is = reached.map(({ service, subset, weight }) => ({
    name: subset === undefined ? service : `${service} subset ${subset}`,
    weight,
  }));
  const wanted = targets.map((target) => {
    const service = `${target.service}.${target.namespace ?? namespace}`;
    return {
      name: target.subset === undefined ? service : `${service} subset ${target.subset}`,
      weight: target.weight,
    };
  });
  const fits =
    is.length === wanted.length &&
    wanted.every(({ name, weight }) =>
      is.some((each) => each.name === name && (weight === undefined || weight === each.weight)),
    );
  if (fits) return undefined;
  const list = is.map(({ name, weight }) => (is.length > 1 ? `${name} weight ${weight}` : name)).join(", ");
  return { path: "spec.expect.targets", message: `it is routed to ${list === "" ? "nobody" : list}` };
}

function limitsFault({ reached }: Rehearsal, { limits }: Expected): Fault | undefined {
  if (limits === undefined) return undefined;
  const wanted = limits.map(({ key, limit, window }) => `${key}: ${limit} in ${window} ms`).sort();
  for (const stage of reached.flatMap(({ stages }) => stages)) {
    const is = stage.limits.map(({ key, limit, windowMs }) => `${key}: ${limit} in ${windowMs} ms`).sort();
    if (is.join("\n") === wanted.join("\n")) continue;
    const at = `${stage.workload.namespace}/${stage.workload.name}`;
    return { path: "spec.expect.limits", message: `${at} asks for ${is.length === 0 ? "none" : is.join(", ")}` };
  }
  return undefined;
}

function lowered(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
