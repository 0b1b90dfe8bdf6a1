/** A service and a workload as a plan has them, with nothing about them that a test does not ask for. */
import type { ServiceContent } from "@regomesh/protocol";
import type { WorkloadPlan } from "../snapshot/outbound.ts";

/** In the namespace `default`, on port 80 and with a second for everything, but for what is given. */
export function plannedService(
  name: string,
  { port = 80, requestTimeoutMs = 1000 }: { readonly port?: number; readonly requestTimeoutMs?: number } = {},
): ServiceContent {
  return {
    name,
    namespace: "default",
    hosts: [`${name}.default`],
    port,
    portName: "http",
    subsets: [],
    principals: [`spiffe://td/ns/default/sa/${name}`],
    defaultRoute: [{ weight: 1 }],
    traffic: {
      balancer: "least-request",
      connectTimeoutMs: 1000,
      requestTimeoutMs,
      idleTimeoutMs: 1000,
      connectionsMax: 10,
      pendingMax: 10,
      retry: { attempts: 1, perTryMs: undefined, on: ["connect"], budgetPercent: 20, budgetMin: 3 },
      breaker: { failuresMax: 5, openMs: 1000, openMaxMs: 30_000 },
    },
  };
}

/** `calls`: the names of what it may call; undefined: all. */
export function plannedWorkload(name: string, calls: readonly string[] | undefined): WorkloadPlan {
  return {
    name,
    namespace: "default",
    service: name,
    labels: {},
    principal: `spiffe://td/ns/default/sa/${name}`,
    inbound: [],
    policies: {},
    defaultVerdict: "deny",
    pathLevel: "BASE",
    ...(calls === undefined ? {} : { calls: calls.map((each) => `${each}.default`) }),
  };
}
