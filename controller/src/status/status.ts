/** The mesh's state in one value: revision, what was refused, every workload's proxy. */
import type { ProxyBody, RefusedBody, RevisionBody, StatusBody } from "../api/bodies.ts";
import type { Session } from "../distribution/proxy.ts";
import type { Release, WorkloadRelease } from "../distribution/release.ts";
import type { ProxyStates } from "./graph.ts";
import type { Ledger } from "./ledger.ts";

/** A proxy reports at least twice a second; after three missed reports it is stale. */
export const SILENCE_MAX_MS = 1500;

export type Connection = {
  readonly isConnected: boolean;
  /** The newest stream's. */
  readonly session: Session | undefined;
  readonly lastWordMs: number | undefined;
};

export type StatusFacts = {
  readonly release: Release;
  readonly refused: RefusedBody | undefined;
  readonly wanted: ReadonlyMap<string, WorkloadRelease>;
  /** By `namespace/name`. */
  readonly connections: ReadonlyMap<string, Connection>;
  readonly ledger: Ledger;
  /** Names of revisions by the hashes of their snapshots. */
  readonly names: ReadonlyMap<string, string>;
  readonly nowMs: number;
};

export function toStates(
  release: Release,
  connections: ReadonlyMap<string, Connection>,
  ledger: Ledger,
  nowMs: number,
): ProxyStates {
  return new Map(
    release.plan.workloads.map(({ namespace, name }) => {
      const key = `${namespace}/${name}`;
      const connection = connections.get(key);
      const lastWordMs = latest(connection?.lastWordMs, ledger.lastReport(key)?.atMs);
      const isSilent = nowMs - (lastWordMs ?? 0) > SILENCE_MAX_MS;
      const state = connection?.isConnected
        ? isSilent
          ? "stale"
          : "ready"
        : lastWordMs === undefined
          ? "never"
          : "gone";
      return [key, { state, lastWordMs }] as const;
    }),
  );
}

export function toStatus(facts: StatusFacts): StatusBody {
  const { release, refused, nowMs, connections, ledger } = facts;
  const states = toStates(release, connections, ledger, nowMs);
  const { commit } = release.revision;
  const isNewer = refused !== undefined && refused.commit !== commit?.hash;
  return {
    mesh: release.plan.mesh.name,
    trustDomain: release.plan.mesh.trustDomain,
    nowMs,
    revision: toRevision(facts, states),
    ...(isNewer ? { refused } : {}),
    proxies: release.plan.workloads.map((workload) => toProxy(workload, facts, states)),
  };
}

function toRevision({ release, wanted, connections }: StatusFacts, states: ProxyStates): RevisionBody {
  const { revision, source, builtAtMs } = release;
  const seen = [...states].filter(([, { state }]) => state !== "never").map(([key]) => key);
  const enforcing = seen.flatMap((key) => {
    const connection = connections.get(key);
    const isEnforced = connection?.isConnected === true && connection.session?.inForce === wanted.get(key)?.hash;
    return isEnforced ? [connection.session] : [];
  });
  const took = enforcing.flatMap((session) => session?.ackTookMs ?? []).sort((a, b) => a - b);
  const ackP99Ms = took[Math.ceil(took.length * 0.99) - 1];
  return {
    name: revision.name,
    sequence: revision.sequence,
    source,
    subject: revision.commit?.subject ?? "",
    author: revision.commit?.author ?? "",
    committedAtMs: revision.commit?.committedAtMs ?? 0,
    builtAtMs,
    enforced: enforcing.length,
    proxies: seen.length,
    ...(ackP99Ms === undefined ? {} : { ackP99Ms }),
  };
}

function toProxy(
  { name, namespace, service, principal }: Release["plan"]["workloads"][number],
  { connections, ledger, names, nowMs }: StatusFacts,
  states: ProxyStates,
): ProxyBody {
  const key = `${namespace}/${name}`;
  const { state, lastWordMs } = states.get(key) ?? { state: "never", lastWordMs: undefined };
  const session = connections.get(key)?.session;
  const report = ledger.lastReport(key);
  const revision = session === undefined ? undefined : names.get(session.inForce);
  const refused = report?.refused.recent(nowMs);
  return {
    workload: name,
    namespace,
    service,
    principal,
    state,
    ...(lastWordMs === undefined ? {} : { lastWordMs }),
    ...(revision === undefined ? {} : { revision }),
    ...(session?.refused === undefined ? {} : { nack: session.refused.problems }),
    ...(report !== undefined && report.svidNotAfterMs > 0 ? { svidNotAfterMs: report.svidNotAfterMs } : {}),
    ...(report !== undefined && report.policyP99Ns > 0
      ? { policyP50Ns: report.policyP50Ns, policyP99Ns: report.policyP99Ns }
      : {}),
    refusedPerSecond: refused === undefined || state === "gone" ? 0 : refused.tally.denied / refused.seconds,
    ...(session === undefined || session.hello.admin === "" ? {} : { admin: session.hello.admin.slice(0, 100) }),
    // Explicit capture: HTTP_PROXY is the application's own choice, and loopback is open to its neighbours.
    isBypassable: true,
  };
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}
