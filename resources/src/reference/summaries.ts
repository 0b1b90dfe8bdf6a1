/** What each kind is, in a sentence or two: for the reference, the terminal and the CRDs. */
import type { Kind } from "../resource.ts";

export const SUMMARIES: Readonly<Record<Kind, string>> = {
  MeshConfig: "What holds for the whole mesh. It belongs to no namespace, and there is one; none means every default.",
  MeshService: "A name that clients call: its ports, its subsets, and where requests go when no policy says.",
  Workload: "A program with a proxy beside it, outside Kubernetes. It says who may be an endpoint of which service.",
  Policy: "A policy unit in one resource: its modules, its data, its tests.",
  PolicyBinding: "Ties the rules of a policy unit (a directory of Rego and data) to workloads.",
  TrafficPolicy:
    "How requests to services are carried: time, tries, breakers, balancing, pools. A duration of 0s means none.",
  PolicySource:
    "A git repository more that policies and resources come from, and for which namespaces it may speak. What is wrong in it refuses it alone: its last good commit stays, and others go on.",
  MeshTest:
    "A request, and what all that is bound must say of it together: verdict, rule, targets, limits. A commit by which one fails is refused, and regomesh test runs them.",
};
