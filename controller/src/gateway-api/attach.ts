/**
 * Which routes hold for which port of which service, and for whose requests (GEP-1294): a route
 * beside its service (a producer's) for all clients, one of another namespace (a consumer's) for
 * the clients of that namespace alone, in the place of the producer's. Of several kinds of routes
 * on one port the most specific one holds.
 */
import { isService, type MeshService, type ParentReference, type Route } from "@regomesh/resources";
import { compareText } from "../index/mesh-index.ts";

export type Services = ReadonlyMap<string, MeshService>;

export type Refusal = { readonly reason: "NoMatchingParent" | "Conflicted"; readonly message: string };

/** One parent of a route, and what became of it. */
export type Attachment = {
  readonly route: Route;
  readonly parent: ParentReference;
  /** Index among the route's parents. */
  readonly at: number;
  /** `orders.shop` */
  readonly service: string;
  /** Ports for which it holds; none where it is refused. */
  readonly ports: readonly number[];
  /** The clients' namespace of a consumer's route; undefined: all. */
  readonly clients: string | undefined;
  readonly refusal: Refusal | undefined;
};

/** Routes that hold for a port, of whose requests one answers. */
export type PortRoutes = {
  /** `orders.shop` */
  readonly service: string;
  readonly port: number;
  readonly clients: string | undefined;
  readonly routes: readonly Route[];
};

export function attachRoutes(routes: readonly Route[], services: Services): readonly Attachment[] {
  const asked = routes.flatMap((route) =>
    route.spec.parentRefs.flatMap((parent, at) => (isService(parent) ? [attach(route, parent, at, services)] : [])),
  );
  const grpc = new Set(asked.filter(({ route }) => route.kind === "GRPCRoute").flatMap(placesOf));
  return asked.map((each) => (each.route.kind === "GRPCRoute" ? each : yieldTo(grpc, each)));
}

/** What holds for each port, in the order of services, ports and clients. */
export function routesByPort(attachments: readonly Attachment[]): readonly PortRoutes[] {
  const found = new Map<string, PortRoutes>();
  for (const { route, service, ports, clients } of attachments) {
    for (const port of ports) {
      const key = placeOf(service, port, clients);
      const known = found.get(key) ?? { service, port, clients, routes: [] };
      // A route may name a service twice.
      if (!known.routes.includes(route)) found.set(key, { ...known, routes: [...known.routes, route] });
    }
  }
  return [...found].sort(([a], [b]) => compareText(a, b)).map(([, each]) => each);
}

function attach(route: Route, parent: ParentReference, at: number, services: Services): Attachment {
  const { namespace } = route.metadata;
  const owner = parent.namespace ?? namespace;
  const service = `${parent.name}.${owner}`;
  const base = { route, parent, at, service, clients: owner === namespace ? undefined : namespace };
  const refuse = (message: string): Attachment => ({
    ...base,
    ports: [],
    refusal: { reason: "NoMatchingParent", message },
  });
  const known = services.get(service);
  if (known === undefined) return refuse(`namespace ${owner} has no service ${parent.name} in the mesh`);
  const { port, sectionName } = parent;
  const ports = known.spec.ports.filter(
    (each) =>
      each.mode === "Strict" &&
      (port === undefined || each.port === port) &&
      (sectionName === undefined || each.name === sectionName),
  );
  if (ports.length > 0) return { ...base, ports: ports.map((each) => each.port), refusal: undefined };
  const wanted = [...(port === undefined ? [] : [`${port}`]), ...(sectionName === undefined ? [] : [sectionName])];
  return refuse(`service ${service} has no port ${wanted.join(" named ")} that the mesh calls`);
}

/** GEP-1294: of routes of several kinds on one port, GRPCRoutes hold, and HTTPRoutes are refused. */
function yieldTo(taken: ReadonlySet<string>, attachment: Attachment): Attachment {
  const { service, ports, clients } = attachment;
  const left = ports.filter((port) => !taken.has(placeOf(service, port, clients)));
  if (left.length === ports.length) return attachment;
  const message = `a GRPCRoute holds for every port of ${service} that this route names`;
  return { ...attachment, ports: left, refusal: left.length > 0 ? undefined : { reason: "Conflicted", message } };
}

function placesOf({ service, ports, clients }: Attachment): readonly string[] {
  return ports.map((port) => placeOf(service, port, clients));
}

function placeOf(service: string, port: number, clients: string | undefined): string {
  return `${service}:${String(port).padStart(5, "0")} ${clients ?? ""}`;
}
