/** What injection reads of a Pod that is created. */
import type { ProbedContainer } from "./probes.ts";

type Named = { readonly name: string };
export type Container = Named &
  ProbedContainer & { readonly env?: readonly Named[]; readonly securityContext?: ContainerSecurity };
type ContainerSecurity = {
  readonly runAsUser?: number;
  readonly privileged?: boolean;
  readonly capabilities?: { readonly add?: readonly string[] };
};
export type PodSpec = {
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: { readonly runAsUser?: number };
  readonly hostNetwork?: boolean;
  readonly initContainers?: readonly Container[];
  readonly containers?: readonly Container[];
  readonly volumes?: readonly Named[];
};
