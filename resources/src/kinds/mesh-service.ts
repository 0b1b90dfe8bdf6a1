/** MeshService: a name that clients call, its ports, its subsets and where requests go by default. */
import { defaulted, list, object, optional, required } from "../schema/composite.ts";
import { type Infer, integer, oneOf } from "../schema/schema.ts";
import { dnsLabel, dnsName, labels } from "./metadata.ts";

export const servicePort = object({
  name: defaulted(dnsLabel, "http", "name by which workloads and endpoints refer to the port"),
  port: required(integer(1, 65_535), "the port that clients name in the authority; 80 where they name none"),
  protocol: defaulted(oneOf("HTTP"), "HTTP", "HTTP is what the proxies speak"),
  mode: defaulted(
    oneOf("Strict", "Edge"),
    "Strict",
    "Strict takes mTLS of the mesh alone, the safe choice; Edge takes plaintext from outside the mesh",
  ),
});

export const subset = object({
  name: required(dnsLabel, "name by which routes refer to the subset"),
  labels: required(labels, "labels of the workloads that belong to it, all of which must match"),
});

export const weightedSubset = object({
  subset: optional(dnsLabel, "a subset of this service; the whole service where absent"),
  weight: defaulted(integer(0, 1_000_000), 1, "share relative to the sum of the weights; equal shares by default"),
});

export const meshServiceSpec = object({
  hosts: defaulted(
    list(dnsName, 32),
    [],
    "more authorities that name this service, beside NAME, NAME.NAMESPACE and Kubernetes' NAME.NAMESPACE.svc forms",
  ),
  ports: required(list(servicePort, 32), "at least one"),
  subsets: defaulted(list(subset, 64), [], "none unless the service has versions"),
  defaultRoute: defaulted(
    list(weightedSubset, 64),
    [{ weight: 1 }],
    "where requests go when no rule of a policy says; every endpoint alike by default",
  ),
});

export type MeshServiceSpec = Infer<typeof meshServiceSpec>;
