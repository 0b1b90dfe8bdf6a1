/** Plans and claims that tables of endpoints are made of. */
import type { MeshPlan } from "../build/build.ts";
import type { Claim } from "../distribution/endpoints.ts";
import type { WorkloadPlan } from "../snapshot/outbound.ts";

/** Of workloads that serve a service of their own name, and may call these; undefined: all. */
export function makePlan(names: readonly string[], calls: readonly string[] | undefined): MeshPlan {
  const workloads = names.map(
    (name): WorkloadPlan => ({
      name,
      namespace: "default",
      service: name,
      labels: {},
      principal: `spiffe://td/ns/default/sa/${name}`,
      inbound: [
        {
          name: "http",
          protocol: "http",
          mode: "strict",
          listen: { address: "127.0.0.1", port: 0 },
          application: { address: "127.0.0.1", port: 0 },
        },
      ],
      policies: {},
      defaultVerdict: "deny",
      pathLevel: "BASE",
      ...(calls === undefined
        ? {}
        : { calls: calls.filter((each) => names.includes(each)).map((each) => `${each}.default`) }),
    }),
  );
  const services = names.map((name) => ({ name, namespace: "default", subsets: [], policies: [] }));
  return { mesh: { name: "m", trustDomain: "td" }, workloads, outbound: [], services, modules: [] };
}

/** Of the workload's one proxy, which listens on these ports. */
export function makeClaim(workload: string, ports: readonly number[]): Claim {
  const listen = ports.map((port) => ({ portName: "http", address: "127.0.0.1", port, transports: ["h1"] }));
  return { workload: `default/${workload}`, instance: "1", listen };
}
