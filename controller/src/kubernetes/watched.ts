/** What the controller lists and watches, and where. */
import { API_VERSION, CLUSTER_KINDS, type ClusterKind, GATEWAY_GROUP } from "@regomesh/resources";

export type Watched = {
  readonly kind: string;
  readonly apiVersion: string;
  /** As paths of the API name it: `policies`. */
  readonly plural: string;
  /** Its CRD may not be there: there are none of it then, until it is. */
  readonly isOptional: boolean;
  /** What follows of a change: another content of the mesh, other endpoints, or another status. */
  readonly use: "mesh" | "endpoints" | "status";
};

const OWN: readonly Watched[] = (Object.keys(CLUSTER_KINDS) as ClusterKind[]).map((kind) => ({
  kind,
  apiVersion: API_VERSION,
  plural: CLUSTER_KINDS[kind].plural,
  isOptional: false,
  use: "mesh",
}));

/** Where requests go, and who answers them. */
const CORE: readonly Watched[] = [
  { kind: "Service", apiVersion: "v1", plural: "services", isOptional: false, use: "mesh" },
  { kind: "Pod", apiVersion: "v1", plural: "pods", isOptional: false, use: "mesh" },
  {
    kind: "EndpointSlice",
    apiVersion: "discovery.k8s.io/v1",
    plural: "endpointslices",
    isOptional: false,
    use: "endpoints",
  },
];

/** ReferenceGrants came to v1 long after routes: v1beta1 is served by every version that has them. */
const GATEWAY_API: readonly Watched[] = (
  [
    ["HTTPRoute", "v1", "httproutes", "mesh"],
    ["GRPCRoute", "v1", "grpcroutes", "mesh"],
    ["ReferenceGrant", "v1beta1", "referencegrants", "mesh"],
    ["GatewayClass", "v1", "gatewayclasses", "status"],
    ["Gateway", "v1", "gateways", "status"],
  ] as const
).map(([kind, version, plural, use]) => ({
  kind,
  apiVersion: `${GATEWAY_GROUP}/${version}`,
  plural,
  isOptional: true,
  use,
}));

export const WATCHED: readonly Watched[] = [...OWN, ...CORE, ...GATEWAY_API];

type Listed = Pick<Watched, "apiVersion" | "plural">;

/** Of all namespaces. */
export function collectionPath({ apiVersion, plural }: Listed): string {
  return `${rootOf(apiVersion)}/${plural}`;
}

export function objectPath(
  { apiVersion, plural }: Listed,
  { namespace, name }: { readonly namespace?: string; readonly name: string },
): string {
  const inside = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${rootOf(apiVersion)}${inside}/${plural}/${encodeURIComponent(name)}`;
}

function rootOf(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
