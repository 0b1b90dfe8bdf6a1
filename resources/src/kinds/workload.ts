/** Workload: one program with a proxy, outside Kubernetes. It says who may be an endpoint of which service. */
import { defaulted, list, object, optional, required } from "../schema/composite.ts";
import { type Infer, integer, text } from "../schema/schema.ts";
import { dnsLabel, dnsName } from "./metadata.ts";

const ipAddress = text({ what: "an IP address", pattern: /^[0-9a-fA-F.:]+$/, lengthMax: 45 });

const listen = object({
  address: defaulted(ipAddress, "127.0.0.1", "loopback: another machine reaches the proxy only where this says so"),
  port: defaulted(integer(0, 65_535), 0, "0 is a free port, told to the controller in the proxy's hello"),
});

const application = object({
  port: defaulted(integer(0, 65_535), 0, "0: the proxy's --app flag says where the application listens"),
});

export const workloadPort = object({
  name: required(dnsLabel, "name of a port of the service"),
  listen: defaulted(listen, { address: "127.0.0.1", port: 0 }, "where the proxy listens"),
  application: defaulted(application, { port: 0 }, "where the application listens, on loopback"),
});

export const workloadSpec = object({
  service: required(dnsLabel, "the MeshService, of the same namespace, that it belongs to"),
  serviceAccount: optional(
    dnsName,
    "names its identity, spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT; the service's name where absent, so that versions of a service are one principal",
  ),
  ports: defaulted(list(workloadPort, 32), [], "only where a port is not the default: loopback, a free port"),
});

export type WorkloadSpec = Infer<typeof workloadSpec>;
