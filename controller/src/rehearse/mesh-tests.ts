/** Runs MeshTests: each is a rehearsal by the plan of the commit, and what must come out of it. */
import { positionAt } from "@regomesh/base";
import { locate, type MeshTest, ROOT_NAMESPACE } from "@regomesh/resources";
import type { FailedTestBody } from "../api/releases.ts";
import type { MeshPlan } from "../build/build.ts";
import type { PolicyTools } from "../build/tools.ts";
import { callersOf } from "./callers.ts";
import { OUTSIDE_CALLER, type Rehearsal, rehearse, rehearseFrom } from "./rehearse.ts";
import { checkRequest, parseTarget, type RehearsedRequest } from "./request.ts";
import type { Stage } from "./stage.ts";

/** `message` is undefined where the test passed. */
export type MeshTestResult = Omit<FailedTestBody, "message"> & { readonly message: string | undefined };

/** Milliseconds of a processor for the MeshTests of a namespace, in each build: thousands take less. */
const NAMESPACE_CPU_MS_MAX = 2000;

/** In the order in which they are given; of a namespace whose time is over those that come later do not hold. */
export function runMeshTests(
  tests: readonly MeshTest[],
  plan: MeshPlan,
  tools: PolicyTools,
  nowMs: number,
): readonly MeshTestResult[] {
  const taken = new Map<string, number>();
  return tests.map((test) => {
    const { namespace } = test.metadata;
    const sinceMs = tools.cpuMs();
    const leftMs = NAMESPACE_CPU_MS_MAX - (taken.get(namespace) ?? 0);
    const fault = faultInTime(test, plan, tools, nowMs, sinceMs + leftMs);
    taken.set(namespace, (taken.get(namespace) ?? 0) + tools.cpuMs() - sinceMs);
    const { source, span } = locate(test, fault?.path ?? "");
    return {
      name: `MeshTest ${namespace}/${test.metadata.name}`,
      file: source.name,
      row: positionAt(source, span.start).row,
      message: fault?.message,
    };
  });
}

/** What came out otherwise, and the field that says what should have. */
type Fault = { readonly path: string; readonly message: string };

class TimeOver extends Error {}

/** `untilCpuMs`: what a request may reach is asked one after the other, and the time may be over before all is. */
function faultInTime(
  test: MeshTest,
  plan: MeshPlan,
  tools: PolicyTools,
  nowMs: number,
  untilCpuMs: number,
): Fault | undefined {
  const open: PolicyTools["open"] = (module, destination) => {
    if (tools.cpuMs() >= untilCpuMs) throw new TimeOver();
    return tools.open(module, destination);
  };
  try {
    return faultOf(test, plan, { ...tools, open }, nowMs);
  } catch (error) {
    if (!(error instanceof TimeOver)) throw error;
    const { namespace } = test.metadata;
    const message = `the MeshTests of namespace ${namespace} take more than the ${NAMESPACE_CPU_MS_MAX / 1000} s of a processor that they may`;
    return { path: "spec.request", message };
  }
}

function faultOf({ metadata, spec }: MeshTest, plan: MeshPlan, tools: PolicyTools, nowMs: number): Fault | undefined {
  const { caller, expect } = spec;
  const asked = requestOf(spec.request);
  if ("message" in asked) return asked;
  const own = { ...metadata, expect };
  if (caller === OUTSIDE_CALLER) {
    const found = rehearse({ from: caller, request: asked, nowMs }, plan, tools);
    return typeof found === "string" ? { path: "spec.caller", message: found } : faultIn(found, own);
  }
  const name = caller.includes("/") ? caller : `${metadata.namespace}/${caller}`;
  const callers = callersOf(plan, name);
  if (callers.length === 0)
    return { path: "spec.caller", message: `the mesh has no workload, service or service account ${name}` };
  for (const workload of callers) {
    const found = rehearseFrom(workload, { request: asked, nowMs }, plan, tools);
    const fault = faultIn(found, own);
    if (fault === undefined) continue;
    const key = `${workload.namespace}/${workload.name}`;
    return key === name ? fault : { ...fault, message: `asked by ${key}: ${fault.message}` };
  }
  return undefined;
}

function requestOf(request: MeshTest["spec"]["request"]): RehearsedRequest | Fault {
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
  return wrong === undefined ? asked : { path: "spec.request", message: wrong };
}

/** A test as far as what comes out is looked at by it. */
type Looked = { readonly namespace: string; readonly expect: Expected };

function faultIn(found: Rehearsal, test: Looked): Fault | undefined {
  return (
    strayFault(found, test) ??
    verdictFault(found, test) ??
    ruleFault(found, test) ??
    targetsFault(found, test) ??
    limitsFault(found, test)
  );
}

/** Of another namespace's workload its verdict is told, as whoever asks it hears it, and nothing of how it came about. */
function isForeign({ workload }: Stage, { namespace }: Looked): boolean {
  return namespace !== ROOT_NAMESPACE && workload.namespace !== namespace;
}

/** Where the routes of another namespace's caller, or the words of one outside, lead is told only as far as that is the test's own. */
function strayFault({ outbound, reached }: Rehearsal, test: Looked): Fault | undefined {
  if (test.namespace === ROOT_NAMESPACE || (outbound !== undefined && !isForeign(outbound, test))) return undefined;
  const isStray = reached.some(({ service }) => !service.endsWith(`.${test.namespace}`));
  return isStray
    ? { path: "spec.caller", message: "its requests lead to another namespace than the test's" }
    : undefined;
}

type Expected = MeshTest["spec"]["expect"];

const WORDS = { allowed: "Allowed", denied: "Denied", broken: "Broken" } as const;

/** Where the verdict was given: at the sender that let nothing go, else at each receiver. */
function deciding({ outbound, reached }: Rehearsal): readonly Stage[] {
  if (outbound !== undefined && outbound.verdict !== "allowed") return [outbound];
  const stages = reached.filter(({ weight }) => weight > 0).flatMap(({ stages: of }) => of);
  return stages.length === 0 && outbound !== undefined ? [outbound] : stages;
}

function verdictFault(found: Rehearsal, test: Looked): Fault | undefined {
  const { verdict, status } = test.expect;
  const path = "spec.expect.verdict";
  if (found.reason !== undefined) {
    return verdict === "Broken"
      ? undefined
      : { path, message: `it is Broken, not ${verdict}: ${found.reason}: ${found.detail}` };
  }
  for (const stage of deciding(found)) {
    const word = WORDS[stage.verdict];
    const at = `${stage.direction} at ${stage.workload.namespace}/${stage.workload.name}`;
    if (word !== verdict)
      return {
        path,
        message: `it is ${word} ${at}, not ${verdict}${isForeign(stage, test) ? "" : `: ${whyOf(stage)}`}`,
      };
    if (status !== undefined && stage.status !== status)
      return { path: "spec.expect.status", message: `${at} it gets ${stage.status}, not ${status}` };
  }
  return undefined;
}

function whyOf({ verdict, reason, detail, decider, fired }: Stage): string {
  if (decider === undefined || verdict === "broken") return [reason, detail].filter((part) => part !== "").join(": ");
  const own = fired.filter(
    ({ unit, path }) => unit === decider.bound.unit && path === `data.${decider.entrypoint.replaceAll("/", ".")}`,
  );
  const places = own.map(({ file, row, path }) => `${file}:${row} ${path}`).join(", ");
  return places === "" ? `no rule of ${decider.bound.unit} ${decider.entrypoint} held` : `${places} held`;
}

function ruleFault(found: Rehearsal, test: Looked): Fault | undefined {
  const { rule } = test.expect;
  if (rule === undefined) return undefined;
  const stages = deciding(found);
  const foreign = stages.find((stage) => isForeign(stage, test));
  if (foreign !== undefined) return untold("spec.expect.rule", "rules", foreign);
  const lacking = stages.find(({ fired }) => !fired.some(({ path }) => path === rule));
  if (lacking === undefined && stages.length > 0) return undefined;
  const where =
    lacking === undefined
      ? "nobody was asked"
      : `it did not hold at ${lacking.workload.namespace}/${lacking.workload.name}`;
  return { path: "spec.expect.rule", message: `${rule}: ${where}` };
}

function untold(path: string, what: string, { workload }: Stage): Fault {
  return { path, message: `the ${what} of namespace ${workload.namespace} are told to MeshTests of its own alone` };
}

function targetsFault({ reached }: Rehearsal, { expect: { targets }, namespace }: Looked): Fault | undefined {
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

function limitsFault({ reached }: Rehearsal, test: Looked): Fault | undefined {
  const { limits } = test.expect;
  if (limits === undefined) return undefined;
  const wanted = limits.map(({ key, limit, window }) => `${key}: ${limit} in ${window} ms`).sort();
  for (const stage of reached.flatMap(({ stages }) => stages)) {
    if (isForeign(stage, test)) return untold("spec.expect.limits", "limits", stage);
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
