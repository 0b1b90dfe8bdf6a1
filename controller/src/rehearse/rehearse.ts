/**
 * A request on its whole way, without being sent: the sender's policies, the route, and the
 * policies of each workload that it could reach. Draws nothing and counts nothing: of weighted
 * targets each is looked at.
 */
import {
  changePath,
  changesPath,
  type FieldChanges,
  type Fields,
  type RouteActions,
  type RouteDecision,
} from "@regomesh/policy-runtime";
import type { OutboundService } from "@regomesh/protocol";
import type { MeshPlan } from "../build/build.ts";
import type { PolicyTools } from "../build/tools.ts";
import { hasLabels } from "../index/mesh-index.ts";
import { outboundOf, servedBy, type WorkloadPlan } from "../snapshot/outbound.ts";
import { connectionFrom, connectionTo, type RehearsedRequest } from "./request.ts";
import { rehearseStage, type Stage } from "./stage.ts";

/** A caller that is not of the mesh: it comes to edge ports alone. */
export const OUTSIDE_CALLER = "outside";

export type Question = {
  /** `[namespace/]name` of a workload, or `outside`. */
  readonly from: string;
  readonly request: RehearsedRequest;
  readonly nowMs: number;
};

export type Reached = {
  /** `name.namespace` */
  readonly service: string;
  readonly subset: string | undefined;
  /** Relative to the other targets'. */
  readonly weight: number;
  readonly stages: readonly Stage[];
};

export type Rehearsal = {
  /** Absent for a caller from outside. */
  readonly outbound?: Stage;
  /** As the policy routes it; absent where the request does not leave, or nobody routes it. */
  readonly route?: RouteDecision;
  readonly reached: readonly Reached[];
  /** Of the mesh itself, where nobody's policy decided: `no_such_service` … */
  readonly reason?: string;
  readonly detail?: string;
};

/** Workloads of one target that are looked at. */
const WORKLOADS_MAX = 8;

/** Or what is wrong with the question, in one sentence. */
export function rehearse({ from, request, nowMs }: Question, plan: MeshPlan, tools: PolicyTools): Rehearsal | string {
  if (from === OUTSIDE_CALLER) return rehearseFromOutside(request, nowMs, plan, tools);
  const sender = findWorkload(plan, from);
  return sender === undefined
    ? `the mesh has no workload ${from}`
    : rehearseFrom(sender, { request, nowMs }, plan, tools);
}

/** Of a request that a workload's application makes. */
export function rehearseFrom(
  sender: WorkloadPlan,
  { request, nowMs }: Omit<Question, "from">,
  plan: MeshPlan,
  tools: PolicyTools,
): Rehearsal {
  const known = outboundOf(plan, sender);
  const service = findService(known, request.authority);
  if (service === undefined) {
    const uncalled = findService(outboundOf(plan, { namespace: sender.namespace }), request.authority);
    const detail = uncalled === undefined ? request.authority : printUncalled(sender, uncalled);
    return { reached: [], reason: "no_such_service", detail };
  }
  const outbound = rehearseStage(
    {
      plan,
      workload: sender,
      direction: "outbound",
      connection: connectionFrom(sender, addressOf(service)),
      request,
      nowMs,
    },
    tools,
  );
  const { route } = outbound;
  const answered = outbound.verdict !== "allowed" || route?.redirect !== undefined || route?.respond !== undefined;
  const facts = { outbound, ...(route === undefined ? {} : { route }) };
  if (answered) return { ...facts, reached: [] };
  const routed = changed(request, route);
  const targets = targetsOf(sender, known, service, route);
  const reached = targets.map(({ service: to, subset, weight, actions }): Reached => {
    const onward = changed(routed, actions);
    const workloads = to === undefined ? [] : workloadsOf(plan, to, subset).slice(0, WORKLOADS_MAX);
    return {
      service: to === undefined ? "" : keyOf(to),
      subset,
      weight,
      stages: workloads.map((workload) =>
        rehearseStage(
          {
            plan,
            workload,
            direction: "inbound",
            connection: connectionTo(workload, sender.principal),
            request: onward,
            nowMs,
          },
          tools,
        ),
      ),
    };
  });
  const lost = targets.find(({ service: to, weight }) => to === undefined && weight > 0);
  return lost === undefined
    ? { ...facts, reached }
    : { ...facts, reached, reason: "no_route", detail: whyLost(lost, plan, sender) };
}

/** The mesh may well have what a workload's proxy is not told of. */
function whyLost({ name = "" }: TargetChoice, plan: MeshPlan, sender: WorkloadPlan): string {
  const uncalled = findTarget(outboundOf(plan, { namespace: sender.namespace }), sender, { to: name });
  return uncalled === undefined ? "the route names no service of the mesh" : printUncalled(sender, uncalled);
}

function printUncalled({ namespace, name }: WorkloadPlan, service: OutboundService): string {
  return `spec.calls of workload ${namespace}/${name} does not name ${keyOf(service)}: its proxy does not know it`;
}

/** Whom a sender's request is for, as its policies know it; undefined where it names no service that it may call. */
export function addressee(plan: MeshPlan, sender: WorkloadPlan, authority: string): string | undefined {
  const service = findService(outboundOf(plan, sender), authority);
  return service && addressOf(service);
}

/** `name` is of namespace default. */
export function findWorkload({ workloads }: MeshPlan, name: string): WorkloadPlan | undefined {
  const [namespace, own] = name.includes("/") ? name.split("/") : ["default", name];
  return workloads.find((each) => each.name === own && each.namespace === namespace);
}

function rehearseFromOutside(request: RehearsedRequest, nowMs: number, plan: MeshPlan, tools: PolicyTools): Rehearsal {
  const [host = ""] = request.authority.split(":");
  const [name, namespace = "default"] = host.split(".");
  const edges = plan.workloads.filter(
    (each) => each.service === name && each.namespace === namespace && each.inbound.some(({ mode }) => mode === "edge"),
  );
  if (edges.length === 0) {
    return {
      reached: [],
      reason: "no_such_service",
      detail: `${host} has no edge port: from outside nothing else is reached`,
    };
  }
  const stages = edges
    .slice(0, WORKLOADS_MAX)
    .map((workload) =>
      rehearseStage(
        { plan, workload, direction: "inbound", connection: connectionTo(workload, undefined), request, nowMs },
        tools,
      ),
    );
  return { reached: [{ service: `${name}.${namespace}`, subset: undefined, weight: 1, stages }] };
}

/** As an authority names it: letter case does not count, no port means 80. */
function findService(outbound: readonly OutboundService[], authority: string): OutboundService | undefined {
  const [, host = "", port = "80"] = /^(.*?)(?::(\d+))?$/.exec(authority.toLowerCase()) ?? [];
  return outbound.find((service) => service.port === Number(port) && service.hosts.includes(host));
}

type TargetChoice = {
  readonly service: OutboundService | undefined;
  /** As a route names it. */
  readonly name?: string;
  readonly subset: string | undefined;
  readonly weight: number;
  readonly actions?: RouteActions | undefined;
};

function targetsOf(
  sender: Pick<WorkloadPlan, "namespace">,
  outbound: readonly OutboundService[],
  service: OutboundService,
  route: RouteDecision | undefined,
): readonly TargetChoice[] {
  if (route?.targets !== undefined) {
    return route.targets
      .filter(({ actions }) => actions?.redirect === undefined && actions?.respond === undefined)
      .map(({ to, port, subset, weight, actions }) => ({
        service: findTarget(outbound, sender, { to, port }),
        name: to,
        subset,
        weight,
        actions,
      }));
  }
  const choices = service.defaultRoute;
  return choices.length === 0
    ? [{ service, subset: undefined, weight: 1 }]
    : choices.map(({ subset, weight }) => ({ service, subset, weight }));
}

function findTarget(
  outbound: readonly OutboundService[],
  { namespace }: Pick<WorkloadPlan, "namespace">,
  { to, port }: { readonly to: string; readonly port?: number | undefined },
): OutboundService | undefined {
  return outbound.find(
    (each) =>
      (keyOf(each) === to || keyOf(each) === `${to}.${namespace}`) && (port === undefined || each.port === port),
  );
}

function workloadsOf(
  { workloads }: MeshPlan,
  { name, namespace, subsets }: OutboundService,
  subset: string | undefined,
): readonly WorkloadPlan[] {
  const labels = subset === undefined ? {} : subsets.find((each) => each.name === subset)?.labels;
  if (labels === undefined) return [];
  const key = `${name}.${namespace}`;
  return workloads.filter((each) => servedBy(each).includes(key) && hasLabels(each.labels, labels));
}

/** The request as it goes on: fields, path and authority as the route changes them, or one of its targets. */
function changed(request: RehearsedRequest, route: RouteActions | undefined): RehearsedRequest {
  const { requestHeaders, rewrite } = route ?? {};
  const target = changesPath(rewrite) ? changePath(request.target, rewrite) : undefined;
  return {
    ...request,
    fields: requestHeaders === undefined ? request.fields : changeFields(request.fields, requestHeaders),
    // What cannot be replaced is refused by the proxy: here it is told as it came.
    ...(target === undefined ? {} : { target }),
    ...(rewrite?.authority === undefined ? {} : { authority: rewrite.authority }),
  };
}

function changeFields(fields: Fields, { set, add, remove }: FieldChanges): Fields {
  const gone = new Set([...remove, ...set.map(([name]) => name)].map((name) => name.toLowerCase()));
  return [...fields.filter(([name]) => !gone.has(name.toLowerCase())), ...set, ...add];
}

/** As policies know it: `orders.shop:80`. */
function addressOf({ name, namespace, port }: OutboundService): string {
  return `${name}.${namespace}:${port}`;
}

function keyOf({ name, namespace }: OutboundService): string {
  return `${name}.${namespace}`;
}
