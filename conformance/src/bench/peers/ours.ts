/** Proxies of ours as peers: from a snapshot file, with or without policy and access log. */
import { join } from "node:path";
import { makeSnapshotFile, type OutboundService, type Snapshot, type WorkloadSnapshot } from "@regomesh/protocol";
import type { CompiledPolicy } from "../../compiled-policy.ts";
import { openProxyProcess, type ProxyProcess } from "../../proxy-process.ts";
import type { Spoken } from "./hop.ts";
import { spiffeIdOf, TRUST_DOMAIN } from "./identities.ts";
import type { Tools } from "./tools.ts";

export type OurProxy = {
  readonly folder: string;
  readonly name: string;
  readonly cores: string;
  readonly workers: number;
  readonly workload: WorkloadSnapshot;
  /** With it an access log is written, too. */
  readonly policy?: CompiledPolicy;
  /** Folder with an SVID; undefined: plaintext. */
  readonly identity?: string;
  readonly endpoints?: Parameters<typeof makeSnapshotFile>[2];
  readonly flags?: readonly string[];
  /** Of the package that runs; default this checkout. */
  readonly root?: string | undefined;
};

export async function openOurs(tools: Tools, ours: OurProxy): Promise<ProxyProcess> {
  const { policy } = ours;
  const flags = [
    "--workers",
    String(ours.workers),
    ...(policy === undefined ? [] : ["--access-log", join(ours.folder, `${ours.name}.log`)]),
    ...(ours.identity === undefined ? [] : ["--identity", ours.identity]),
    ...(ours.flags ?? []),
  ];
  const modules = policy === undefined ? [] : [policy.module];
  const file = makeSnapshotFile(snapshotOf(ours.workload), modules, ours.endpoints ?? []);
  return await openProxyProcess(file, flags, [tools.taskset, "-c", ours.cores], ours.root);
}

function snapshotOf(workload: WorkloadSnapshot): Snapshot {
  return {
    format: 1,
    revision: { epoch: "bench", sequence: 1, name: "bench" },
    issuedAtMs: 0,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    mesh: { name: "bench", trustDomain: TRUST_DOMAIN, explainDenials: false },
    workloads: [workload],
  };
}

/** A workload with one port, before an application. */
export function workloadOf(
  name: string,
  options: {
    readonly application: { readonly port: number; readonly speaks: Spoken };
    readonly policy?: CompiledPolicy;
    readonly mode?: "strict" | "edge";
    readonly outbound?: readonly OutboundService[];
  },
): WorkloadSnapshot {
  const { port, speaks } = options.application;
  return {
    name,
    namespace: "default",
    service: name,
    labels: {},
    principal: spiffeIdOf(name),
    inbound: [
      {
        name: "http",
        protocol: speaks === "http1" ? "http" : speaks,
        mode: options.mode ?? "edge",
        listen: { address: "127.0.0.1", port: 0 },
        application: { address: "127.0.0.1", port },
      },
    ],
    outbound: options.outbound ?? [],
    policies: options.policy === undefined ? {} : { inbound: options.policy.ref },
    defaultVerdict: "allow",
    pathLevel: "BASE",
  };
}

export function serviceOf(name: string): OutboundService {
  return {
    name,
    namespace: "default",
    hosts: [name],
    port: 80,
    portName: "http",
    subsets: [],
    principals: [spiffeIdOf(name)],
    defaultRoute: [],
    traffic: {
      balancer: "least-request",
      connectTimeoutMs: 1000,
      requestTimeoutMs: 15_000,
      idleTimeoutMs: 60_000,
      connectionsMax: 1000,
      pendingMax: 1000,
      retry: { attempts: 1, perTryMs: undefined, on: ["connect", "reset"], budgetPercent: 20, budgetMin: 3 },
      breaker: { failuresMax: 5, openMs: 1000, openMaxMs: 30_000 },
    },
  };
}
