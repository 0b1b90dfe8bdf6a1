/** What the references of a route lead to: services of the mesh, or a reason why not. */
import { GATEWAY_GROUP, isService, type ReferenceGrant, type Route } from "@regomesh/resources";
import type { Services } from "./attach.ts";

/** What routes may send requests to. */
export type Targets = {
  readonly services: Services;
  /** Undefined where none is asked for, as between services of a mesh. */
  readonly grants: readonly ReferenceGrant[] | undefined;
};

type Reference = {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
};

export type Backend = { readonly to: string; readonly port: number };
export type Unresolved = {
  readonly reason: "InvalidKind" | "BackendNotFound" | "RefNotPermitted";
  readonly message: string;
};

/**
 * A service of any namespace: between services of a mesh no ReferenceGrant is asked for (GEP-1294), the receiver
 * decides who may come, unless the mesh says that it is.
 */
export function resolveBackend(
  reference: Reference,
  route: Route,
  { services, grants }: Targets,
): Backend | Unresolved {
  const { kind, name, namespace = route.metadata.namespace, port } = reference;
  if (!isService(reference)) {
    return { reason: "InvalidKind", message: `${kind} ${name} is no kind of backend that the mesh has` };
  }
  if (grants !== undefined && !isPermitted({ ...reference, namespace }, route, grants)) {
    const message = `no ReferenceGrant of namespace ${namespace} lets ${route.kind}s of namespace ${route.metadata.namespace} name service ${name}`;
    return { reason: "RefNotPermitted", message };
  }
  const to = `${name}.${namespace}`;
  const service = services.get(to);
  if (service === undefined) {
    return { reason: "BackendNotFound", message: `namespace ${namespace} has no service ${name} in the mesh` };
  }
  if (port === undefined) return { reason: "BackendNotFound", message: `backend ${to} is named without its port` };
  const isThere = service.spec.ports.some((each) => each.mode === "Strict" && each.port === port);
  return isThere ? { to, port } : { reason: "BackendNotFound", message: `service ${to} has no port ${port}` };
}

/** Whoever may ask a service may be sent to it by what routes its requests: a parent needs no grant. */
function isPermitted(
  { group, kind, name, namespace }: Reference & { readonly namespace: string },
  { kind: from, metadata, spec }: Route,
  grants: readonly ReferenceGrant[],
): boolean {
  if (namespace === metadata.namespace) return true;
  const isParent = spec.parentRefs.some(
    (parent) => isService(parent) && parent.name === name && (parent.namespace ?? metadata.namespace) === namespace,
  );
  if (isParent) return true;
  return grants.some(
    (grant) =>
      grant.metadata.namespace === namespace &&
      grant.spec.from.some(
        (each) => each.group === GATEWAY_GROUP && each.kind === from && each.namespace === metadata.namespace,
      ) &&
      grant.spec.to.some(
        (each) =>
          each.group === group &&
          each.kind === kind &&
          (each.name === undefined || each.name === "" || each.name === name),
      ),
  );
}

export type UnresolvedReference = Unresolved & { readonly path: string };

/** Every reference of a route that leads nowhere, with its place. */
export function unresolvedOf(route: Route, targets: Targets): readonly UnresolvedReference[] {
  const found: UnresolvedReference[] = [];
  const look = (reference: Reference, path: string) => {
    const backend = resolveBackend(reference, route, targets);
    if ("reason" in backend) found.push({ ...backend, path });
  };
  const lookAtFilters = (filters: Route["spec"]["rules"][number]["filters"], path: string) => {
    for (const [at, { requestMirror, extensionRef }] of filters.entries()) {
      if (requestMirror !== undefined) look(requestMirror.backendRef, `${path}[${at}].requestMirror.backendRef`);
      if (extensionRef === undefined) continue;
      const message = `${extensionRef.kind} ${extensionRef.name} is no kind of filter that the mesh has`;
      found.push({ reason: "InvalidKind", message, path: `${path}[${at}].extensionRef` });
    }
  };
  for (const [at, { filters, backendRefs }] of route.spec.rules.entries()) {
    const rule = `spec.rules[${at}]`;
    lookAtFilters(filters, `${rule}.filters`);
    for (const [i, backend] of backendRefs.entries()) {
      look(backend, `${rule}.backendRefs[${i}]`);
      lookAtFilters(backend.filters, `${rule}.backendRefs[${i}].filters`);
    }
  }
  return found;
}
