/** Routes of the Gateway API whose parent is a service: the kinds that the mesh serves, and which documents are none of its business. */
import { isMap, isScalar, isSeq, type Node } from "yaml";
import { z } from "zod";
import type { Written } from "../resource.ts";
import { text } from "../schema/values.ts";
import { type GrpcRouteSpec, grpcRouteSpec } from "./grpc-route.ts";
import { type HttpRouteSpec, httpRouteSpec } from "./http-route.ts";
import { GATEWAY_GROUP, type ObjectMetadata, objectMetadata } from "./metadata.ts";

export type HttpRoute = Written & {
  readonly kind: "HTTPRoute";
  readonly metadata: ObjectMetadata;
  readonly spec: HttpRouteSpec;
};
export type GrpcRoute = Written & {
  readonly kind: "GRPCRoute";
  readonly metadata: ObjectMetadata;
  readonly spec: GrpcRouteSpec;
};
export type Route = HttpRoute | GrpcRoute;

const document = <S extends z.ZodType>(spec: S) =>
  z.strictObject({
    apiVersion: text({}).describe("gateway.networking.k8s.io/v1"),
    kind: text({}).describe("HTTPRoute or GRPCRoute"),
    metadata: objectMetadata.describe("name"),
    spec: spec.describe("what is wanted"),
    status: z.unknown().optional().describe("a controller's word, not read"),
  });

export const ROUTE_KINDS = {
  HTTPRoute: document(httpRouteSpec),
  GRPCRoute: document(grpcRouteSpec),
} as const satisfies Record<Route["kind"], z.ZodType>;

/** Kinds of routes that others serve, perhaps. */
export const UNSERVED_ROUTES: readonly string[] = ["TCPRoute", "TLSRoute", "UDPRoute"];

/** A parent that the mesh has: Kubernetes' Service, or a MeshService. */
export function isService({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return (group === "" && kind === "Service") || (group === "regomesh.dev" && kind === "MeshService");
}

/** Whether a route's document names a service as a parent: one that is for gateways alone is other controllers'. */
export function namesService(root: Node): boolean {
  const parents = isMap(root) ? root.getIn(["spec", "parentRefs"], true) : undefined;
  if (!isSeq(parents)) return false;
  return parents.items.some((parent) => {
    if (!isMap(parent)) return false;
    const field = (name: string, fallback: string) => {
      const value = parent.get(name, true);
      return isScalar(value) ? String(value.value) : fallback;
    };
    return isService({ group: field("group", GATEWAY_GROUP), kind: field("kind", "Gateway") });
  });
}

const ROUTE = /kind["']?\s*:\s*["']?(HTTP|GRPC|TCP|TLS|UDP)Route\b/;
const GRANT = /kind["']?\s*:\s*["']?ReferenceGrant\b/;
const SERVICE = /kind["']?\s*:\s*["']?(Mesh)?Service\b/;

/** A route of a service, or a grant for one, may be in the text. */
export function mentionsRoutes(text: string): boolean {
  return text.includes(GATEWAY_GROUP) && (ROUTE.test(text) || GRANT.test(text)) && SERVICE.test(text);
}
