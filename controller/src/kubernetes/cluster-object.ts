/** What an API server holds, as far as it is read here: the fields that every object has, the rest as it came. */

export type ClusterObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
  readonly spec?: unknown;
  readonly status?: unknown;
};

export type ObjectMetadata = {
  readonly name: string;
  /** Absent of what is the cluster's. */
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
};

/** `KIND/NAMESPACE/NAME`, or `KIND/NAME` of what is the cluster's: one of each at a time. */
export function objectKey({ kind, metadata }: Pick<ClusterObject, "kind" | "metadata">): string {
  const { namespace, name } = metadata;
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}
