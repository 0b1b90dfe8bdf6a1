/** Flags by which a view is about a cluster, by its API server; the name kubectl-regomesh says so of all of them. */
import { ClusterReader, SYSTEM_CLOCK } from "@regomesh/controller";
import { type Io, UsageError } from "./command.ts";
import { PLUGIN } from "./find-controller.ts";

export const clusterFlags = {
  "all-namespaces": { type: "boolean", short: "A" },
  kubeconfig: { type: "string" },
  context: { type: "string" },
} as const;

/** Lines of a command's help, for a column of 17. */
export const CLUSTER_HELP = `
  -A, --all-namespaces  of a cluster: of every namespace
  --kubeconfig FILE the cluster (default $KUBECONFIG, or the user's); so do -A and --context ask one,
                    and the name kubectl-regomesh
  --context NAME    of the kubeconfig (default its current one)`.slice(1);

export type ClusterFlags = {
  readonly "all-namespaces"?: boolean | undefined;
  readonly namespace?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
};

/** Whether a cluster is asked, not a controller or a folder. Throws UsageError where flags say two things. */
export function asksCluster(flags: ClusterFlags, io: Pick<Io, "env">, isOther: boolean): boolean {
  const { kubeconfig, context, namespace, "all-namespaces": all = false } = flags;
  if (all && namespace !== undefined) throw new UsageError("takes -n or -A, not both");
  const isSaid = all || kubeconfig !== undefined || context !== undefined;
  if (isSaid && isOther) throw new UsageError("takes a cluster, or a controller or directory: not both");
  return isSaid || (!isOther && io.env(PLUGIN) !== undefined);
}

/** Throws Error with a sentence for people where there is none. */
export async function openCluster({ kubeconfig, context }: ClusterFlags): Promise<ClusterReader> {
  return await ClusterReader.open(
    { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) },
    SYSTEM_CLOCK,
  );
}

/** Whether an object of that namespace is shown; what is the cluster's is, unless one namespace is named. */
export function isShown(namespace: string | undefined, { namespace: wanted }: ClusterFlags): boolean {
  return wanted === undefined || namespace === wanted;
}
