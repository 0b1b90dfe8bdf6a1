/** What the references of a route lead to: services of the mesh, or a reason why not. */
import { isService, type Route } from "@regomesh/resources";
import type { Services } from "./attach.ts";

type Reference = {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
};

export type Backend = { readonly to: string; readonly port: number };
export type Unresolved = { readonly reason: "InvalidKind" | "BackendNotFound"; readonly message: string };

/** A service of any namespace: between services of the mesh no ReferenceGrant is asked for (GEP-1294), the receiver decides who may come. */
export function resolveBackend(reference: Reference, route: Route, services: Services): Backend | Unresolved {
  const { kind, name, namespace = route.metadata.namespace, port } = reference;
  if (!isService(reference)) {
    return { reason: "InvalidKind", message: `${kind} ${name} is no kind of backend that the mesh has` };
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

export type UnresolvedReference = Unresolved & { readonly path: string };

/** Every reference of a route that leads nowhere, with its place. */
export function unresolvedOf(route: Route, services: Services): readonly UnresolvedReference[] {
  const found: UnresolvedReference[] = [];
  const look = (reference: Reference, path: string) => {
    const backend = resolveBackend(reference, route, services);
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
