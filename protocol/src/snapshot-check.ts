/** Strict checks of a snapshot: its shape, and that what it refers to is there. */

import { boolean, checkShape, integer, list, mapOf, number, object, oneOf, type Problem, text } from "./shape.ts";
import { SNAPSHOT_FORMAT, type Snapshot, type WorkloadSnapshot } from "./snapshot.ts";

const DAY_MS = 86_400_000;
const HASH = /^[0-9a-f]{64}$/;
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

const name = text({ pattern: NAME, lengthMax: 253 });
const port = integer(0, 65_535);
const durationMs = integer(0, DAY_MS);
const principal = text({ lengthMax: 2048, pattern: /^spiffe:\/\// });
const labels = mapOf(text({ lengthMax: 256 }));
const address = object({ address: text({ lengthMax: 253 }), port });

const traffic = object({
  balancer: oneOf("least-request", "round-robin", "random"),
  connectTimeoutMs: durationMs,
  requestTimeoutMs: durationMs,
  idleTimeoutMs: durationMs,
  connectionsMax: integer(1, 1_000_000),
  pendingMax: integer(0, 1_000_000),
  retry: object({
    attempts: integer(0, 10),
    "perTryMs?": durationMs,
    on: list(oneOf("connect", "reset", "5xx", "gateway-error"), 4),
    budgetPercent: integer(0, 100),
    budgetMin: integer(0, 1000),
  }),
  breaker: object({ failuresMax: integer(1, 1_000_000), openMs: durationMs, openMaxMs: durationMs }),
});

const policyRef = object({
  module: text({ pattern: HASH }),
  entrypoints: list(
    object({
      name: text(),
      kind: oneOf("authz", "route", "limits"),
      unit: text(),
      binding: text(),
      tier: oneOf("mandatory", "workload", "namespace", "default"),
      mode: oneOf("enforce", "shadow"),
      fuel: integer(1, 1_000_000_000),
      onFault: oneOf("deny", "allow"),
    }),
    // A decision's mask is one 32-bit word; the sign bit stays clear.
    31,
  ),
});

const workload = object({
  name,
  namespace: name,
  service: name,
  labels,
  principal,
  inbound: list(
    object({
      name: text({ lengthMax: 63 }),
      protocol: oneOf("http"),
      mode: oneOf("strict", "edge"),
      listen: address,
      application: address,
    }),
    64,
  ),
  outbound: list(
    object({
      name,
      namespace: name,
      hosts: list(text({ lengthMax: 253, pattern: /^[^A-Z\s:/]+$/ }), 64),
      port: integer(1, 65_535),
      portName: text({ lengthMax: 63 }),
      subsets: list(object({ name, labels }), 256),
      principals: list(principal, 10_000),
      defaultRoute: list(object({ "subset?": name, weight: integer(0, 1_000_000) }), 256),
      traffic,
    }),
  ),
  policies: object({ "inbound?": policyRef, "outbound?": policyRef }),
  defaultVerdict: oneOf("deny", "allow"),
  pathLevel: oneOf("BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"),
});

const snapshot = object({
  format: oneOf(SNAPSHOT_FORMAT),
  revision: object({
    epoch: text({ lengthMax: 64 }),
    sequence: integer(0, Number.MAX_SAFE_INTEGER),
    name: text({ lengthMax: 128 }),
    "commit?": object({
      hash: text({ lengthMax: 64 }),
      subject: text(),
      author: text(),
      committedAtMs: number,
    }),
  }),
  issuedAtMs: number,
  expiresAtMs: number,
  mesh: object({
    name: text({ lengthMax: 253 }),
    trustDomain: text({ lengthMax: 255, pattern: /^[a-z0-9._-]+$/ }),
    explainDenials: boolean,
  }),
  workloads: list(workload, 1000),
});

/** The snapshot that a JSON value is, or what keeps it from being one. */
export function checkSnapshot(value: unknown): {
  readonly snapshot?: Snapshot;
  readonly problems: readonly Problem[];
} {
  const shape = checkShape(snapshot, value, "snapshot_shape");
  if (shape.length > 0) return { problems: shape };
  const checked = value as Snapshot;
  const problems = checked.workloads.flatMap(checkReferences);
  if (checked.workloads.length === 0) problems.push(problem("the snapshot has no workload"));
  return problems.length > 0 ? { problems } : { snapshot: checked, problems };
}

/** Names that must be unique, subsets that must exist, weights that must add up to something. */
function checkReferences(workload: WorkloadSnapshot): readonly Problem[] {
  const problems: Problem[] = [];
  const ports = new Set<string>();
  for (const { name } of workload.inbound) {
    if (ports.has(name)) problems.push(problem(`workload ${workload.name} has two inbound ports ${name}`));
    ports.add(name);
  }
  const targets = new Map<string, string>();
  for (const service of workload.outbound) {
    const full = `${service.name}.${service.namespace}`;
    for (const host of service.hosts) {
      const target = `${host}:${service.port}`;
      const other = targets.get(target);
      if (other !== undefined) problems.push(problem(`${target} names both ${other} and ${full}`));
      targets.set(target, full);
    }
    const subsets = new Set(service.subsets.map((subset) => subset.name));
    for (const { subset } of service.defaultRoute) {
      if (subset !== undefined && !subsets.has(subset)) problems.push(problem(`${full} has no subset ${subset}`));
    }
    if (service.defaultRoute.length > 0 && service.defaultRoute.every(({ weight }) => weight === 0)) {
      problems.push(problem(`every weight in the default route of ${full} is 0`));
    }
  }
  return problems;
}

function problem(message: string): Problem {
  return { code: "snapshot_reference", message };
}
