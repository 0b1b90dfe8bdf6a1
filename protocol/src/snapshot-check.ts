/**
 * Strict checks of a snapshot: its shape, and that what it refers to is there. Plain code,
 * for the sidecar runs it: what it reads was checked by schemas before it was signed.
 */
import { collectProblems, type FieldReader, readFields } from "./field-reader.ts";
import type { SnapshotProblem } from "./nack.ts";
import {
  type BoundEntrypoint,
  type InboundPort,
  type LocalPort,
  type Member,
  type OutboundService,
  type PolicyRef,
  type Revision,
  type Revoked,
  SNAPSHOT_FORMAT,
  type Snapshot,
  type TrafficSettings,
  type WorkloadSnapshot,
} from "./snapshot.ts";

const DAY_MS = 86_400_000;
const NAME = { pattern: /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, lengthMax: 253 };
const SHORT_NAME = { lengthMax: 63 };
const PRINCIPAL = { pattern: /^spiffe:\/\//, lengthMax: 2048 };
const LABEL = { lengthMax: 256 };
const WORKLOAD = { lengthMax: 507, pattern: /\// };
const MEMBERS_MAX = 100_000;
/** Each ends with the certificates that it is about: a mesh that takes back more has another trouble. */
export const REVOKED_MAX = 10_000;

/** The snapshot that a JSON value is, or what keeps it from being one. */
export function checkSnapshot(value: unknown): {
  readonly snapshot?: Snapshot;
  readonly problems: readonly SnapshotProblem[];
} {
  const { members } = (value ?? {}) as { readonly members?: object };
  const isKnown = members !== undefined && soundMembers.has(members);
  const shape = collectProblems("snapshot_shape", (report) =>
    readFields<Snapshot>(value, "", report, (fields) => checkFields(fields, isKnown)),
  );
  if (shape.length > 0) return { problems: shape };
  const checked = value as Snapshot;
  if (checked.members !== undefined) soundMembers.add(checked.members);
  const problems = checked.workloads.flatMap(checkReferences);
  if (checked.workloads.length === 0) problems.push(problem("the snapshot has no workload"));
  return problems.length > 0 ? { problems } : { snapshot: checked, problems };
}

/**
 * Lists of members in which nothing was found: a thousand of them go from one snapshot to the next as they are, and
 * whoever gives the very list again has it checked once.
 */
const soundMembers = new WeakSet<object>();

/** A snapshot ends after a day: nobody is behind for longer. */
const BEHIND_MAX_MS = 24 * 3_600_000;

function checkFields(snapshot: FieldReader<Snapshot>, areMembersKnown: boolean): void {
  snapshot.oneOf("format", SNAPSHOT_FORMAT);
  snapshot.object("revision", checkRevision);
  snapshot.number("issuedAtMs");
  snapshot.number("expiresAtMs");
  snapshot.object("mesh", (mesh) => {
    mesh.text("name", { lengthMax: 253 });
    mesh.text("trustDomain", { lengthMax: 255, pattern: /^[a-z0-9._-]+$/ });
    mesh.boolean("explainDenials");
    if (mesh.has("behindMaxMs")) mesh.integer("behindMaxMs", 1, BEHIND_MAX_MS);
  });
  if (snapshot.has("members") && !areMembersKnown) snapshot.objects("members", checkMember, MEMBERS_MAX);
  if (snapshot.has("revoked")) snapshot.object("revoked", checkRevoked);
  snapshot.objects("workloads", checkWorkload, 1000);
}

/** What keeps a value from being the revision of a snapshot. */
export function revisionProblems(revision: unknown): readonly SnapshotProblem[] {
  return collectProblems("snapshot_shape", (report) =>
    readFields<Revision>(revision, "revision", report, checkRevision),
  );
}

export function checkRevision(revision: FieldReader<Revision>): void {
  revision.text("epoch", { lengthMax: 64 });
  revision.integer("sequence", 0, Number.MAX_SAFE_INTEGER);
  revision.text("name", { lengthMax: 128 });
  if (!revision.has("commit")) return;
  revision.object("commit", (commit) => {
    commit.text("hash", { lengthMax: 64 });
    commit.text("subject");
    commit.text("author");
    commit.number("committedAtMs");
  });
}

function checkMember(member: FieldReader<Member>): void {
  member.text("principal", PRINCIPAL);
  member.texts("workloads", MEMBERS_MAX, WORKLOAD);
}

function checkRevoked(revoked: FieldReader<Revoked>): void {
  revoked.texts("serials", REVOKED_MAX, { lengthMax: 64, pattern: /^[0-9a-f]+$/ });
  revoked.objects(
    "workloads",
    (one) => {
      one.text("workload", WORKLOAD);
      one.text("principal", PRINCIPAL);
      one.number("beginsBeforeMs");
    },
    REVOKED_MAX,
  );
}

function checkWorkload(workload: FieldReader<WorkloadSnapshot>): void {
  workload.text("name", NAME);
  workload.text("namespace", NAME);
  workload.text("service", NAME);
  workload.labels("labels", LABEL);
  workload.text("principal", PRINCIPAL);
  workload.objects("inbound", checkInbound, 64);
  workload.objects("outbound", checkOutbound);
  if (workload.has("localPorts")) workload.objects("localPorts", checkLocalPort, 64);
  workload.object("policies", (policies) => {
    if (policies.has("inbound")) policies.object("inbound", checkPolicyRef);
    if (policies.has("outbound")) policies.object("outbound", checkPolicyRef);
  });
  workload.oneOf("defaultVerdict", "deny", "allow");
  workload.oneOf("pathLevel", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES", "KEEP_ESCAPED_SLASHES");
}

function checkInbound(port: FieldReader<InboundPort>): void {
  port.text("name", SHORT_NAME);
  if (port.has("servicePort")) port.integer("servicePort", 1, 65_535);
  port.oneOf("protocol", "http", "http2", "grpc");
  port.oneOf("mode", "strict", "edge");
  port.object("listen", checkAddress);
  port.object("application", checkAddress);
}

function checkLocalPort(local: FieldReader<LocalPort>): void {
  local.integer("port", 1, 65_535);
  local.text("service", NAME);
  local.integer("servicePort", 1, 65_535);
}

function checkAddress(at: FieldReader<InboundPort["listen"]>): void {
  at.text("address", { lengthMax: 253 });
  at.integer("port", 0, 65_535);
}

function checkOutbound(service: FieldReader<OutboundService>): void {
  service.text("name", NAME);
  service.text("namespace", NAME);
  service.texts("hosts", 64, { lengthMax: 253, pattern: /^(\[[0-9a-f:.]+\]|[^A-Z\s:/]+)$/ });
  service.integer("port", 1, 65_535);
  service.text("portName", SHORT_NAME);
  if (service.has("protocol")) service.oneOf("protocol", "http", "http2", "grpc");
  service.objects(
    "subsets",
    (subset) => {
      subset.text("name", NAME);
      subset.labels("labels", LABEL);
    },
    256,
  );
  service.texts("principals", 10_000, PRINCIPAL);
  service.objects(
    "defaultRoute",
    (target) => {
      if (target.has("subset")) target.text("subset", NAME);
      target.integer("weight", 0, 1_000_000);
    },
    256,
  );
  service.object("traffic", checkTraffic);
}

function checkTraffic(traffic: FieldReader<TrafficSettings>): void {
  traffic.oneOf("balancer", "least-request", "round-robin", "random");
  traffic.integer("connectTimeoutMs", 0, DAY_MS);
  traffic.integer("requestTimeoutMs", 0, DAY_MS);
  traffic.integer("idleTimeoutMs", 0, DAY_MS);
  traffic.integer("connectionsMax", 1, 1_000_000);
  traffic.integer("pendingMax", 0, 1_000_000);
  traffic.object("retry", (retry) => {
    retry.integer("attempts", 0, 10);
    if (retry.has("perTryMs")) retry.integer("perTryMs", 0, DAY_MS);
    retry.members("on", 5, "connect", "reset", "5xx", "gateway-error", "unavailable");
    retry.integer("budgetPercent", 0, 100);
    retry.integer("budgetMin", 0, 1000);
  });
  traffic.object("breaker", (breaker) => {
    breaker.integer("failuresMax", 1, 1_000_000);
    breaker.integer("openMs", 0, DAY_MS);
    breaker.integer("openMaxMs", 0, DAY_MS);
  });
}

function checkPolicyRef(policy: FieldReader<PolicyRef>): void {
  policy.text("module", { pattern: /^[0-9a-f]{64}$/ });
  // A decision's mask is one 32-bit word; the sign bit stays clear.
  policy.objects("entrypoints", checkEntrypoint, 31);
}

function checkEntrypoint(entrypoint: FieldReader<BoundEntrypoint>): void {
  entrypoint.text("name");
  entrypoint.oneOf("kind", "authz", "route", "limits");
  entrypoint.text("unit");
  entrypoint.text("binding");
  entrypoint.oneOf("tier", "mandatory", "workload", "namespace", "default");
  entrypoint.oneOf("mode", "enforce", "shadow");
  entrypoint.integer("fuel", 1, 1_000_000_000);
  entrypoint.oneOf("onFault", "deny", "allow");
}

/** Names that must be unique, subsets that must exist, weights that must add up to something. */
function checkReferences(workload: WorkloadSnapshot): readonly SnapshotProblem[] {
  const problems: SnapshotProblem[] = [];
  const ports = new Set<string>();
  for (const { name } of workload.inbound) {
    if (ports.has(name)) problems.push(problem(`workload ${workload.name} has two inbound ports ${name}`));
    ports.add(name);
  }
  const locals = new Set<number>();
  for (const { port } of workload.localPorts ?? []) {
    if (locals.has(port)) problems.push(problem(`workload ${workload.name} has local port ${port} twice`));
    locals.add(port);
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

function problem(message: string): SnapshotProblem {
  return { code: "snapshot_reference", message };
}
