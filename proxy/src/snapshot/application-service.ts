/** The workload's own application as a service to forward to: its settings, with their reasons. */
import type { OutboundService, PortProtocol, WorkloadSnapshot } from "@regomesh/protocol";

export function applicationService(
  workload: WorkloadSnapshot,
  portName: string,
  requestTimeoutMs: number,
  protocol: PortProtocol,
): OutboundService {
  return {
    name: workload.service,
    namespace: workload.namespace,
    hosts: [],
    port: 80,
    portName,
    protocol,
    subsets: [],
    principals: [],
    defaultRoute: [],
    traffic: {
      balancer: "least-request",
      // On loopback: what does not accept at once is not there.
      connectTimeoutMs: 1000,
      requestTimeoutMs,
      // Below the 5 s after which Node's servers, the most impatient, close idle connections.
      idleTimeoutMs: 4000,
      connectionsMax: 1024,
      pendingMax: 1024,
      // Nothing is retried but a kept-alive connection that was closed just then, which needs a budget.
      retry: { attempts: 0, perTryMs: undefined, on: [], budgetPercent: 100, budgetMin: 100 },
      // There is no other endpoint: an open breaker would only hide the application's own errors.
      breaker: { failuresMax: 1_000_000, openMs: 1, openMaxMs: 1 },
    },
  };
}
