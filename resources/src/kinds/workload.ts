/** Workload: one program with a proxy, outside Kubernetes. It says who may be an endpoint of which service. */
import { z } from "zod";
import { integer, list, text } from "../schema/values.ts";
import { dnsLabel, dnsName } from "./metadata.ts";

const ipAddress = text({ what: "an IP address", pattern: /^[0-9a-fA-F.:]+$/, lengthMax: 45 });

const listen = z.strictObject({
  address: ipAddress
    .prefault("127.0.0.1")
    .describe(
      "loopback: another machine reaches the proxy only where this says so; on every address (0.0.0.0, ::) each proxy says which is its own (its --address)",
    ),
  port: integer(0, 65_535).prefault(0).describe("0 is a free port, told to the controller in the proxy's hello"),
});

const application = z.strictObject({
  port: integer(0, 65_535).prefault(0).describe("0: the proxy's --app flag says where the application listens"),
});

const workloadPort = z.strictObject({
  name: dnsLabel.describe("name of a port of the service"),
  listen: listen.prefault({}).describe("where the proxy listens"),
  application: application.prefault({}).describe("where the application listens, on loopback"),
});

const calledService = text({
  what: "a MeshService, as NAME or NAME.NAMESPACE",
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/,
  lengthMax: 127,
});

const localPort = z.strictObject({
  service: calledService.describe("what all requests to the port are for, whatever authority they name"),
  servicePort: integer(1, 65_535).prefault(80).describe("the service's port, as clients name it"),
  port: integer(1, 65_535).describe("where the workload's proxy listens, on 127.0.0.1"),
});

export const workloadSpec = z.strictObject({
  service: dnsLabel.describe("the MeshService, of the same namespace, that it belongs to"),
  serviceAccount: dnsName
    .exactOptional()
    .describe(
      "names its identity, spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT; the service's name where absent, so that versions of a service are one principal",
    ),
  calls: list(calledService, 1024)
    .exactOptional()
    .describe(
      "the services that it may call, of its own namespace where none is named: its proxy knows no others; every service of the mesh where absent",
    ),
  localPorts: list(localPort, 64)
    .prefault([])
    .describe(
      "for clients that can be told neither a proxy nor an authority, as most of gRPC's: a port for one service",
    ),
  ports: list(workloadPort, 32).prefault([]).describe("only where a port is not the default: loopback, a free port"),
});

export type WorkloadSpec = z.output<typeof workloadSpec>;
