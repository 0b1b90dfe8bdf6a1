/** What the controller lists and watches, and where. */
import { API_VERSION, CLUSTER_KINDS, type ClusterKind } from "@regomesh/resources";

export type Watched = {
  readonly kind: string;
  readonly apiVersion: string;
  /** As paths of the API name it: `policies`. */
  readonly plural: string;
  /** The conditions of its objects are ours to write. */
  readonly isOwn: boolean;
  readonly isNamespaced: boolean;
};

const OWN: readonly Watched[] = (Object.keys(CLUSTER_KINDS) as ClusterKind[]).map((kind) => ({
  kind,
  apiVersion: API_VERSION,
  plural: CLUSTER_KINDS[kind].plural,
  isOwn: true,
  isNamespaced: CLUSTER_KINDS[kind].isNamespaced,
}));

/** Where requests go, and who answers them. */
const CORE: readonly Watched[] = [
  { kind: "Service", apiVersion: "v1", plural: "services", isOwn: false, isNamespaced: true },
  { kind: "Pod", apiVersion: "v1", plural: "pods", isOwn: false, isNamespaced: true },
];

export const WATCHED: readonly Watched[] = [...OWN, ...CORE];

/** Of all namespaces. */
export function collectionPath({ apiVersion, plural }: Watched): string {
  return `${rootOf(apiVersion)}/${plural}`;
}

export function objectPath(
  { apiVersion, plural }: Watched,
  { namespace, name }: { readonly namespace?: string; readonly name: string },
): string {
  const inside = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${rootOf(apiVersion)}${inside}/${plural}/${encodeURIComponent(name)}`;
}

function rootOf(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
