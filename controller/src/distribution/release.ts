/** A revision that was built: what it is called, what it holds, and the snapshot of it that each workload gets. */
import type { DiagnosticRecord } from "@regomesh/base";
import {
  canonicalJson,
  checkSnapshot,
  ENVELOPE_FORMAT,
  type Envelope,
  type EnvelopeContents,
  featuresOf,
  fromServiceContent,
  joinSnapshot,
  type Member,
  NOTHING_REVOKED,
  putTogether,
  type ReadContent,
  type Revision,
  type RevisionId,
  type Revoked,
  revisionProblems,
  type ServiceContent,
  SNAPSHOT_FORMAT,
  type Snapshot,
  type SnapshotProblem,
  snapshotHash,
} from "@regomesh/protocol";
import type { MeshPlan } from "../build/build.ts";
import { compareText } from "../index/mesh-index.ts";
import { makeCalled, type WorkloadPlan } from "../snapshot/outbound.ts";
import type { Input } from "../sources/source.ts";
import { finish } from "./in-parts.ts";
import { orderAfter, type ReleaseOrder } from "./order.ts";
import { type ListPart, makeParts, type Part, type PartIndex, type Parts, type SnapshotParts } from "./parts.ts";

/** A persisted snapshot is started from for a day; half of it, and it is issued anew. */
export const SNAPSHOT_TTL_MS = 24 * 3_600_000;

export type Release = {
  readonly revision: Revision;
  readonly plan: MeshPlan;
  /** `git main` */
  readonly source: string;
  /** What it was made of; absent in a release that an earlier version has kept. */
  readonly inputs?: readonly Input[];
  /** What it was made of when proxies were given it, where that is something else: the rows that they name are of that. */
  readonly builtFrom?: readonly Input[];
  readonly builtAtMs: number;
  readonly issuedAtMs: number;
  readonly explainDenials: boolean;
  /** An operator has put it above every source. */
  readonly isPinned?: boolean;
  /** What the build warned of; absent in a release that an earlier version has kept. */
  readonly warnings?: readonly DiagnosticRecord[];
};

/** A workload's snapshot as it is signed and sent: its envelope, and the contents that the envelope names. */
export type PackedSnapshot = {
  /** `namespace/name` */
  readonly workload: string;
  readonly principal: string;
  /** Of the envelope. */
  readonly hash: string;
  /** The envelope. */
  readonly body: Uint8Array;
  /** Which the envelope says: an earlier one where nothing of this workload's has changed since. */
  readonly revision: RevisionId;
  readonly issuedAtMs: number;
  readonly parts: SnapshotParts;
  /** Hashes of the modules that the snapshot names. */
  readonly modules: readonly string[];
  /** What a proxy must be able to do to enforce it. */
  readonly features: readonly string[];
  /** The same in one body, for a proxy without the feature "delta". */
  readonly whole: () => { readonly hash: string; readonly body: Uint8Array };
};

/** A release with every snapshot of it, by workload. */
export type Publication = {
  readonly release: Release;
  /** What its snapshots say of certificates that were taken back. */
  readonly revoked: Revoked;
  readonly snapshots: ReadonlyMap<string, PackedSnapshot>;
  /** Every content of it. */
  readonly parts: PartIndex;
  /** The services of its plan as the list of those who may call all. */
  readonly outbound: ListPart;
  /** Receivers before senders. */
  readonly order: ReleaseOrder;
};

/** The publication with the newest word on certificates that were taken back. */
export function withRevoked(publication: Publication, revoked: Revoked): Publication {
  const isSame = JSON.stringify(publication.revoked) === JSON.stringify(revoked);
  return isSame ? publication : toPublication(publication.release, revoked, publication);
}

/**
 * The same release makes the same bytes. Where `before` is given, what it holds is taken over: a
 * workload of which nothing has changed keeps the very envelope that its proxies have, and so is
 * sent nothing, as long as that is fresh.
 */
export function toPublication(release: Release, revoked = NOTHING_REVOKED, before?: Publication): Publication {
  return finish(publicationInParts(release, revoked, before));
}

/** As `toPublication`, a part of the workloads at a time. */
export function* publicationInParts(
  release: Release,
  revoked: Revoked,
  before: Publication | undefined,
): Generator<undefined, Publication> {
  const parts = makeParts(before?.parts);
  const { plan, explainDenials } = release;
  const outbound = makeOutboundLists(plan, parts, before && { of: before.release.plan.outbound, all: before.outbound });
  const shared: Shared = {
    parts,
    release,
    rest: canonicalJson(restOf(release)),
    mesh: parts.single({ ...plan.mesh, explainDenials }),
    revoked: parts.single(revoked),
    members: toMembersPart(plan, parts, before),
    outbound: outbound.of,
    modules: new Map(plan.modules.map((module) => [module.hash, parts.module(module)])),
  };
  const snapshots = new Map<string, PackedSnapshot>();
  const asBefore = makeAsBefore(before, shared);
  for (const [at, workload] of plan.workloads.entries()) {
    if (at % WORKLOADS_OF_PART === 0) yield;
    const key = `${workload.namespace}/${workload.name}`;
    const last = before?.snapshots.get(key);
    const content = last !== undefined && asBefore(workload) ? takeOver(last.parts, parts) : toParts(workload, shared);
    const isKept = last !== undefined && isStill(last, content, release);
    snapshots.set(key, isKept ? last : pack(key, workload, content, shared));
  }
  const order = orderAfter(plan, before && { plan: before.release.plan, order: before.order });
  return { release, revoked, snapshots, parts: parts.made, outbound: outbound.all, order };
}

/** A millisecond or two. */
const WORKLOADS_OF_PART = 16;

/** An envelope is good for a day; one that is taken over leaves most of it to be issued anew in. */
const TAKEN_OVER_MS = SNAPSHOT_TTL_MS / 4;

function isStill(last: PackedSnapshot, { names }: SnapshotParts, { revision, issuedAtMs }: Release): boolean {
  return (
    last.revision.epoch === revision.epoch &&
    issuedAtMs - last.issuedAtMs < TAKEN_OVER_MS &&
    isSameNames(last.parts.names, names)
  );
}

function isSameNames(one: EnvelopeContents, other: EnvelopeContents): boolean {
  return (
    one.mesh === other.mesh &&
    one.members === other.members &&
    one.revoked === other.revoked &&
    one.workloads.join() === other.workloads.join()
  );
}

/** What all snapshots of a release have in common. */
type Shared = {
  readonly parts: Parts;
  readonly release: Release;
  /** The canonical text of what an envelope says beside its contents. */
  readonly rest: string;
  readonly mesh: Part;
  readonly revoked: Part;
  readonly members: ListPart;
  readonly outbound: (workload: WorkloadPlan) => ListPart;
  readonly modules: ReadonlyMap<string, SnapshotParts["modules"][number]>;
};

/** Whether a workload's contents are those of before: it is the same value, and so is all that they are made of beside it. */
function makeAsBefore(before: Publication | undefined, shared: Shared): (workload: WorkloadPlan) => boolean {
  const [first] = before?.snapshots.values() ?? [];
  if (before === undefined || first === undefined) return () => false;
  const { names } = first.parts;
  const { plan } = shared.release;
  const isSame =
    names.mesh === shared.mesh.hash &&
    names.members === shared.members.hash &&
    names.revoked === shared.revoked.hash &&
    isSameList(before.release.plan.outbound, plan.outbound);
  if (!isSame) return () => false;
  const known = new Set(before.release.plan.workloads);
  return (workload) => known.has(workload);
}

function takeOver(content: SnapshotParts, parts: Parts): SnapshotParts {
  for (const each of content.singles) parts.keep(each);
  for (const each of content.lists) parts.keep(each);
  for (const each of content.modules) parts.keep(each);
  return content;
}

/** The list of all members: that of the publication before, where the same workloads have the same principals. */
function toMembersPart(plan: MeshPlan, parts: Parts, before: Publication | undefined): ListPart {
  const [first] = before?.snapshots.values() ?? [];
  const known = first?.parts.lists[0];
  const make = () => parts.list(membersOf(plan).map(canonicalJson));
  if (before === undefined || known === undefined) return make();
  const { workloads } = before.release.plan;
  const isSame =
    workloads.length === plan.workloads.length &&
    plan.workloads.every((each, at) => each === workloads[at] || isSameMember(each, workloads[at]));
  if (!isSame) return make();
  parts.keep(known);
  return known;
}

function isSameMember(one: WorkloadPlan, other: WorkloadPlan | undefined): boolean {
  return one.principal === other?.principal && one.name === other.name && one.namespace === other.namespace;
}

/** All services, and the list that was made of them. */
type OutboundList = { readonly of: MeshPlan["outbound"]; readonly all: ListPart };

/** Of each workload the list of what it may call; workloads that may call the same share it. The list of all is that of before, where it has the same services. */
function makeOutboundLists(
  { outbound }: MeshPlan,
  parts: Parts,
  before: OutboundList | undefined,
): { readonly all: ListPart; readonly of: Shared["outbound"] } {
  let called: ReturnType<typeof makeCalled<{ name: string; namespace: string; part: Part }>> | undefined;
  const toList = (workload: Pick<WorkloadPlan, "calls">) => {
    called ??= makeCalled(
      outbound.map((service) => {
        const { name, namespace } = service;
        return { name, namespace, part: parts.singleOf(service, "", () => service) };
      }),
    );
    const named = called(workload).map(({ part }) => part);
    return parts.list(
      named.map(({ hash }) => `"${hash}"`),
      named,
    );
  };
  const known = before !== undefined && isSameList(before.of, outbound) ? before.all : undefined;
  for (const each of known?.named ?? []) parts.keep(each);
  if (known !== undefined) parts.keep(known);
  const all = known ?? toList({});
  return {
    all,
    of: (workload) => (workload.calls === undefined ? all : parts.listOf(workload.calls, all, () => toList(workload))),
  };
}

function toParts(planned: WorkloadPlan, shared: Shared): SnapshotParts {
  const outbound = shared.outbound(planned);
  const own = toOwnPart(planned, outbound, shared.parts);
  const { mesh, revoked, members } = shared;
  return {
    names: { mesh: mesh.hash, members: members.hash, revoked: revoked.hash, workloads: [own.hash] },
    singles: [mesh, revoked, own],
    lists: [members, outbound],
    modules: modulesOf(planned).flatMap((hash) => shared.modules.get(hash) ?? []),
  };
}

function toOwnPart(planned: WorkloadPlan, { hash }: ListPart, parts: Parts): Part {
  const { calls: _, alsoServes: __, ...workload } = planned;
  return parts.singleOf(planned, hash, () => ({ ...workload, outbound: hash }));
}

/** The contents of a plan's workloads and services. */
export type PlanContents = { readonly parts: PartIndex; readonly outbound: OutboundList };

/**
 * Makes the contents of a plan's workloads and services, for whoever publishes it elsewhere: `madeFrom` gives them.
 * `before` is what this gave of the plan before.
 */
export function makeContents(plan: MeshPlan, before: PlanContents | undefined): PlanContents {
  const parts = makeParts(before?.parts);
  const { all, of } = makeOutboundLists(plan, parts, before?.outbound);
  for (const workload of plan.workloads) toOwnPart(workload, of(workload), parts);
  return { parts: parts.made, outbound: { of: plan.outbound, all } };
}

function modulesOf({ policies: { inbound, outbound } }: Pick<WorkloadPlan, "policies">): readonly string[] {
  const [one, other] = [inbound?.module, outbound?.module];
  if (one === undefined) return other === undefined ? [] : [other];
  return other === undefined || other === one ? [one] : [one, other];
}

function restOf({ revision, issuedAtMs }: Release): Omit<Envelope, "contents"> {
  return { format: ENVELOPE_FORMAT, revision, issuedAtMs, expiresAtMs: issuedAtMs + SNAPSHOT_TTL_MS };
}

function pack(key: string, workload: WorkloadPlan, parts: SnapshotParts, { release, rest }: Shared): PackedSnapshot {
  const { revision, issuedAtMs } = release;
  // Of its fields `contents` is the first in their order, and the only one in which envelopes differ.
  const text = `{"contents":${canonicalJson(parts.names)},${rest.slice(1)}`;
  const { epoch, sequence, name } = revision;
  let whole: ReturnType<PackedSnapshot["whole"]> | undefined;
  return {
    workload: key,
    principal: workload.principal,
    hash: snapshotHash(text),
    body: new TextEncoder().encode(text),
    revision: { epoch, sequence, name },
    issuedAtMs,
    parts,
    modules: modulesOf(workload),
    features: featuresOf(release.plan.mesh),
    whole: () => {
      whole ??= toWhole({ ...restOf(release), contents: parts.names }, parts);
      return whole;
    },
  };
}

function toWhole(envelope: Envelope, parts: SnapshotParts): ReturnType<PackedSnapshot["whole"]> {
  const text = canonicalJson(putTogether(envelope, makeReader(parts)).whole);
  return { hash: snapshotHash(text), body: new TextEncoder().encode(text) };
}

/** What a proxy makes of an envelope and its contents, under the check that it runs. */
export function joinParts(envelope: unknown, parts: SnapshotParts): ReturnType<typeof joinSnapshot> {
  return joinSnapshot(envelope, makeReader(parts));
}

function makeReader({ singles, lists }: SnapshotParts): ReadContent {
  const found = new Map<string, Part>();
  for (const part of [...singles, ...lists, ...lists.flatMap(({ named }) => [...named])]) found.set(part.hash, part);
  return (hash) => {
    const body = found.get(hash)?.body;
    return body === undefined ? undefined : (JSON.parse(new TextDecoder().decode(body)) as unknown);
  };
}

/**
 * What every proxy would refuse in a release, by the check that proxies run. Services are checked
 * whoever may call them: all together as the first workload sees them, and those of each other
 * namespace, by their short names, with whoever else has such a name.
 */
export function checkRelease(release: Release): readonly Unfit[] {
  return finish(checkInParts(release));
}

/** The same of a plan that is still to be a release: all but what is the release's own. */
export function checkPlan(plan: MeshPlan): readonly Unfit[] {
  const revision = { epoch: "", sequence: 0, name: "" };
  return checkRelease({ revision, plan, source: "", builtAtMs: 0, issuedAtMs: 0, explainDenials: false });
}

/** Plans in which `checkPlan` has found nothing, here or where they were built. */
const fitPlans = new WeakSet<MeshPlan>();

export function noteFit(plan: MeshPlan): void {
  fitPlans.add(plan);
}

/** What is wrong with the release's own: every snapshot has it. */
function checkOwn({ revision, plan }: Release): readonly Unfit[] {
  const { namespace = "", name = "" } = plan.workloads[0] ?? {};
  return revisionProblems(revision).map((problem) => ({ workload: `${namespace}/${name}`, problem }));
}

/** What is wrong with a workload's snapshot. */
export type Unfit = { readonly workload: string; readonly problem: SnapshotProblem };

/** As `checkRelease`, a part of the workloads at a time. */
export function* checkInParts(release: Release): Generator<undefined, readonly Unfit[]> {
  const { plan } = release;
  if (fitPlans.has(plan)) return checkOwn(release);
  const byHost = new Map<string, ServiceContent[]>();
  for (const service of plan.outbound)
    for (const host of service.hosts) byHost.set(host, [...(byHost.get(host) ?? []), service]);
  const byNamespace = Map.groupBy(plan.outbound, ({ namespace }) => namespace);
  const checked = new Set<string>();
  const mesh = canonicalJson({ ...plan.mesh, explainDenials: release.explainDenials });
  const found: Unfit[] = [];
  for (const [at, planned] of plan.workloads.entries()) {
    if (at % WORKLOADS_OF_PART === 0) yield;
    const { calls: _, alsoServes: __, ...workload } = planned;
    const { namespace } = workload;
    const own = checked.has(namespace) ? [] : (byNamespace.get(namespace) ?? []);
    checked.add(namespace);
    const near = new Set([...own, ...own.flatMap(({ name }) => byHost.get(name) ?? [])]);
    const seen = at === 0 ? plan.outbound : [...near];
    // With the first goes all that is the release's: its revision, its members, what was taken back.
    if (at > 0 && isSound(planned, mesh, seen)) continue;
    // Services say nothing of who sees them but by his namespace.
    const unknown = areSound(seen, namespace) ? [] : seen;
    const outbound = unknown.map((service) => fromServiceContent(service, namespace));
    const { problems } = checkSnapshot(toSnapshot(release, { ...workload, outbound }));
    if (problems.length === 0) {
      sound.set(planned, { mesh, seen });
      if (seen[0] !== undefined) soundServices.set(seen[0], { namespace, seen });
    }
    for (const problem of problems) found.push({ workload: `${namespace}/${workload.name}`, problem });
  }
  return found;
}

/** Workloads in which nothing was found, with all else that was looked at: they go from one plan to the next as they are. */
const sound = new WeakMap<WorkloadPlan, { readonly mesh: string; readonly seen: readonly ServiceContent[] }>();

function isSound(workload: WorkloadPlan, mesh: string, seen: readonly ServiceContent[]): boolean {
  const known = sound.get(workload);
  return known?.mesh === mesh && isSameList(known.seen, seen);
}

/** By the first of them, services in which nothing was found together, as a namespace sees them. */
const soundServices = new WeakMap<
  ServiceContent,
  { readonly namespace: string; readonly seen: readonly ServiceContent[] }
>();

function areSound(services: readonly ServiceContent[], namespace: string): boolean {
  const known = services[0] && soundServices.get(services[0]);
  return known !== undefined && known.namespace === namespace && isSameList(known.seen, services);
}

function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((each, at) => each === other[at]);
}

function membersOf({ workloads }: MeshPlan): readonly Member[] {
  const byPrincipal = Map.groupBy(workloads, ({ principal }) => principal);
  const members = [...byPrincipal].map(([principal, found]) => ({
    principal,
    workloads: found.map(({ namespace, name }) => `${namespace}/${name}`).sort(),
  }));
  return members.sort((a, b) => compareText(a.principal, b.principal));
}

function toSnapshot(release: Release, workload: Snapshot["workloads"][number]): Snapshot {
  const { plan, revision, issuedAtMs, explainDenials } = release;
  return {
    format: SNAPSHOT_FORMAT,
    revision,
    issuedAtMs,
    expiresAtMs: issuedAtMs + SNAPSHOT_TTL_MS,
    mesh: { ...plan.mesh, explainDenials },
    workloads: [workload],
  };
}

/** What speaks against a release that was kept, in one sentence; `trustDomain` is the authority's. */
export function whyNotServed(release: Release, trustDomain: string | undefined): string | undefined {
  if (trustDomain !== undefined && trustDomain !== release.plan.mesh.trustDomain)
    return `it is of trust domain ${release.plan.mesh.trustDomain}, the authority of ${trustDomain}`;
  try {
    const [wrong] = checkRelease(release);
    return wrong === undefined ? undefined : `${wrong.workload}: ${wrong.problem.message}`;
  } catch {
    return "it was kept by a version that wrote it otherwise";
  }
}
