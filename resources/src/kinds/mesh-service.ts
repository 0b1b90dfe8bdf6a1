/** MeshService: a name that clients call, its ports, its subsets and where requests go by default. */
import { z } from "zod";
import { integer, list, oneOf, text } from "../schema/values.ts";
import { dnsLabel, labels } from "./metadata.ts";

const servicePort = z.strictObject({
  name: dnsLabel.prefault("http").describe("name by which workloads and endpoints refer to the port"),
  port: integer(1, 65_535).describe("the port that clients name in the authority; 80 where they name none"),
  protocol: oneOf("HTTP", "HTTP2", "GRPC")
    .prefault("HTTP")
    .describe(
      "what the application speaks: HTTP/1.1, or HTTP/2 by prior knowledge, which GRPC is too; clients may speak either to their proxy",
    ),
  mode: oneOf("Strict", "Edge")
    .prefault("Strict")
    .describe("Strict takes mTLS of the mesh alone, the safe choice; Edge takes plaintext from outside the mesh"),
});

const subset = z.strictObject({
  name: dnsLabel.describe("name by which routes refer to the subset"),
  labels: labels.describe("labels of the workloads that belong to it, all of which must match"),
});

const weightedSubset = z.strictObject({
  subset: dnsLabel.exactOptional().describe("a subset of this service; the whole service where absent"),
  weight: integer(0, 1_000_000)
    .prefault(1)
    .describe("share relative to the sum of the weights; equal shares by default"),
});

/** An authority without its port: a DNS name, of which IPv4's form is one, or IPv6 in brackets. */
const host = text({
  what: "a DNS name, an IPv4 address, or an IPv6 address in brackets, written as RFC 5952 has it",
  pattern: /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*|\[[0-9a-f:.]{2,45}\])$/,
  lengthMax: 253,
});

export const meshServiceSpec = z.strictObject({
  hosts: list(host, 32)
    .prefault([])
    .describe(
      "more authorities that name this service, beside NAME, NAME.NAMESPACE and Kubernetes' NAME.NAMESPACE.svc forms; an address of the service is one too, at which captured connections find it",
    ),
  ports: list(servicePort, 32).describe("at least one"),
  selector: labels
    .refine((value) => Object.keys(value).length > 0, "must have a label: without one it would be of every workload")
    .exactOptional()
    .describe("labels of workloads of its namespace that answer for it, beside those that name it"),
  subsets: list(subset, 64).prefault([]).describe("none unless the service has versions"),
  defaultRoute: list(weightedSubset, 64)
    .prefault([{ weight: 1 }])
    .describe("where requests go when no rule of a policy says; every endpoint alike by default"),
});

export type MeshServiceSpec = z.output<typeof meshServiceSpec>;
