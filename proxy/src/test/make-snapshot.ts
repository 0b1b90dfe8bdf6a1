/** Builders of snapshots for tests. */
import type { OutboundService, Snapshot, WorkloadSnapshot } from "@regomesh/protocol";

export function makeService(name: string, change: Partial<OutboundService> = {}): OutboundService {
  return {
    name,
    namespace: "default",
    hosts: [name, `${name}.default`],
    port: 80,
    portName: "http",
    subsets: [],
    principals: [`spiffe://cluster.local/ns/default/sa/${name}`],
    defaultRoute: [],
    traffic: {
      balancer: "least-request",
      connectTimeoutMs: 1000,
      requestTimeoutMs: 15_000,
      idleTimeoutMs: 60_000,
      connectionsMax: 100,
      pendingMax: 100,
      retry: {
        attempts: 1,
        perTryMs: undefined,
        on: ["connect", "reset", "gateway-error"],
        budgetPercent: 20,
        budgetMin: 3,
      },
      breaker: { failuresMax: 5, openMs: 1000, openMaxMs: 30_000 },
    },
    ...change,
  };
}

export function makeWorkload(change: Partial<WorkloadSnapshot> = {}): WorkloadSnapshot {
  return {
    name: "web",
    namespace: "default",
    service: "web",
    labels: { version: "v1" },
    principal: "spiffe://cluster.local/ns/default/sa/web",
    inbound: [
      {
        name: "http",
        protocol: "http",
        mode: "strict",
        listen: { address: "127.0.0.1", port: 0 },
        application: { address: "127.0.0.1", port: 0 },
      },
    ],
    outbound: [],
    policies: {},
    defaultVerdict: "allow",
    pathLevel: "BASE",
    ...change,
  };
}

export function makeSnapshot(workload: WorkloadSnapshot, change: Partial<Snapshot> = {}): Snapshot {
  return {
    format: 1,
    revision: { epoch: "e1", sequence: 1, name: "r1" },
    issuedAtMs: 1,
    expiresAtMs: 4_000_000_000_000,
    mesh: { name: "test", trustDomain: "cluster.local", explainDenials: false },
    workloads: [workload],
    ...change,
  };
}
