/** From the routes of a mesh to units of policy, one for each set of clients that they hold for alike. */
import type { Source } from "@regomesh/base";
import type { GrpcFilter, GrpcRouteRule, HttpFilter, HttpRouteRule, RequestMirror, Route } from "@regomesh/resources";
import { type Attachment, attachRoutes, type PortRoutes, routesByPort } from "./attach.ts";
import { resolveBackend, type Targets } from "./references.ts";
import { type RouteStatus, routeStatus } from "./status.ts";
import { printUnit } from "./unit.ts";

/** Stands before names of units and files that are made here; no source may have it. */
export const ROUTES_SOURCE = "gateway-api";

/** The rule that each unit has. */
export const ROUTES_ENTRYPOINT = "mesh/routing/route";

export type CompiledRoutes = {
  readonly attachments: readonly Attachment[];
  /** Modules, each a unit in a directory of its own. */
  readonly files: readonly Source[];
  /** The unit that routes requests of a namespace's workloads; undefined where no route holds for them. */
  unitFor(namespace: string): string | undefined;
  statusOf(route: Route): RouteStatus;
  /** Keys of services to which routes may send what a workload of the namespace asks of a service. */
  reachedFrom(namespace: string, service: string): readonly string[];
};

export function compileRoutes(routes: readonly Route[], targets: Targets): CompiledRoutes {
  const attachments = attachRoutes(routes, targets.services);
  const ports = routesByPort(attachments);
  const consumers = new Set(ports.flatMap(({ clients }) => clients ?? []));
  const everyone = ports.filter(({ clients }) => clients === undefined);
  const files = [
    ...(everyone.length === 0 ? [] : [unitFile(EVERYONE, printUnit(everyone, targets, "all namespaces"))]),
    ...[...consumers].map((namespace) =>
      unitFile(ofNamespace(namespace), printUnit(portsFor(ports, namespace), targets, `namespace ${namespace}`)),
    ),
  ];
  const unitFor = (namespace: string) => {
    if (consumers.has(namespace)) return unitName(ofNamespace(namespace));
    return everyone.length === 0 ? undefined : unitName(EVERYONE);
  };
  const reached = new Map<string, ReadonlyMap<string, readonly string[]>>();
  const reachedFrom = (namespace: string, service: string) => {
    const byService = reached.get(namespace) ?? reachedByService(portsFor(ports, namespace), targets);
    reached.set(namespace, byService);
    return byService.get(service) ?? [];
  };
  const statusOf = (route: Route) => routeStatus(route, attachments, targets);
  return { attachments, files, unitFor, reachedFrom, statusOf };
}

/** Directories of the units. */
const EVERYONE = "mesh";
const ofNamespace = (namespace: string) => `namespaces/${namespace}`;

/** Of each port what holds for clients of a namespace: its own routes, otherwise the service's. */
function portsFor(ports: readonly PortRoutes[], namespace: string): readonly PortRoutes[] {
  const placeOf = ({ service, port }: PortRoutes) => `${service} ${port}`;
  const own = new Set(ports.filter(({ clients }) => clients === namespace).map(placeOf));
  return ports.filter((each) => each.clients === namespace || (each.clients === undefined && !own.has(placeOf(each))));
}

/** By service, where routes of its ports may send what it is asked. */
function reachedByService(holding: readonly PortRoutes[], targets: Targets): ReadonlyMap<string, readonly string[]> {
  const found = [...Map.groupBy(holding, ({ service }) => service)].map(([service, ports]) => {
    const keys = ports.flatMap(({ routes }) => routes).flatMap((route) => reachedBy(route, targets));
    return [service, [...new Set(keys)]] as const;
  });
  return new Map(found);
}

function reachedBy(route: Route, targets: Targets): readonly string[] {
  const rules: readonly (HttpRouteRule | GrpcRouteRule)[] = route.spec.rules;
  const references = rules.flatMap(({ filters, backendRefs }) => [
    ...mirrorsOf(filters),
    ...backendRefs.flatMap((backend) => [backend, ...mirrorsOf(backend.filters)]),
  ]);
  return references.flatMap((reference) => {
    const found = resolveBackend(reference, route, targets);
    return "reason" in found ? [] : [found.to];
  });
}

function mirrorsOf(filters: readonly (HttpFilter | GrpcFilter)[]): readonly RequestMirror["backendRef"][] {
  return filters.flatMap(({ requestMirror }) => (requestMirror === undefined ? [] : [requestMirror.backendRef]));
}

function unitName(directory: string): string {
  return `${ROUTES_SOURCE}:${directory}`;
}

function unitFile(directory: string, text: string): Source {
  return { name: `${unitName(directory)}/routing.rego`, text };
}
