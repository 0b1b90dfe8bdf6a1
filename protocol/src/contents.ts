/**
 * A snapshot in parts. Each part is a content: a canonical text that is named by its sha256, so
 * that what many proxies or revisions share is made, held and sent once. The envelope alone is
 * signed; it names the contents, and through them every byte of the snapshot.
 *
 * envelope ─┬─ mesh settings
 *           ├─ members, a list ── (items are members)
 *           ├─ revoked certificates
 *           └─ workloads ── outbound, a list ── (items are hashes) ── services
 */
import { canonicalJson } from "./canonical-json.ts";
import { collectProblems, type FieldReader, readFields } from "./field-reader.ts";
import { snapshotHash } from "./hashes.ts";
import type { SnapshotProblem } from "./nack.ts";
import {
  type OutboundService,
  type Revision,
  SNAPSHOT_FORMAT,
  type Snapshot,
  type WorkloadSnapshot,
} from "./snapshot.ts";
import { checkRevision, checkSnapshot } from "./snapshot-check.ts";

export const ENVELOPE_FORMAT = 2;

/** What is signed: which revision, until when, and what it consists of. */
export type Envelope = {
  readonly format: typeof ENVELOPE_FORMAT;
  readonly revision: Revision;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly contents: EnvelopeContents;
};

/** Hashes of contents. */
export type EnvelopeContents = {
  readonly mesh: string;
  readonly members?: string;
  readonly revoked?: string;
  readonly workloads: readonly string[];
};

/** A workload whose services are named by the hash of a list. */
export type WorkloadContent = Omit<WorkloadSnapshot, "outbound"> & { readonly outbound: string };

/** A service as callers of every namespace see it: its short name, which its own namespace's have, is left out. */
export type ServiceContent = OutboundService;

const HASH = { pattern: /^[0-9a-f]{64}$/ };
const WORKLOADS_MAX = 1000;

/** The canonical text of a list: its items in the order of their own texts, each once. */
export function listText(itemTexts: Iterable<string>): string {
  return `[${[...new Set(itemTexts)].sort().join(",")}]`;
}

/** The texts of the items of a list; none where it is no list. */
export function itemTexts(listOf: string): readonly string[] {
  const items: unknown = JSON.parse(listOf);
  return Array.isArray(items) ? items.map(canonicalJson) : [];
}

/** As the content that callers of all namespaces share. */
export function toServiceContent(service: OutboundService): ServiceContent {
  const { name, hosts } = service;
  return hosts[0] === name ? { ...service, hosts: hosts.slice(1) } : service;
}

/** As a caller of a namespace sees it. */
export function fromServiceContent(service: ServiceContent, from: string): OutboundService {
  return service.namespace === from ? { ...service, hosts: [service.name, ...service.hosts] } : service;
}

/** Reads a content by its hash, parsed; undefined where it is not at hand. */
export type ReadContent = (hash: string) => unknown;

/** The snapshot that an envelope names, or what is wrong or missing. */
export function joinSnapshot(
  value: unknown,
  read: ReadContent,
): { readonly snapshot?: Snapshot; readonly problems: readonly SnapshotProblem[] } {
  const shape = collectProblems("snapshot_shape", (report) => readFields<Envelope>(value, "", report, checkEnvelope));
  if (shape.length > 0) return { problems: shape };
  const { whole, problems } = putTogether(value as Envelope, read);
  return problems.length > 0 ? { problems: problems.slice(0, PROBLEMS_MAX) } : checkSnapshot(whole);
}

/** The same, of whatever the contents are: nothing is checked but that they are there. */
export function putTogether(
  { revision, issuedAtMs, expiresAtMs, contents }: Envelope,
  read: ReadContent,
): { readonly whole: unknown; readonly problems: readonly SnapshotProblem[] } {
  const problems: SnapshotProblem[] = [];
  const part = (what: string, hash: string): unknown => {
    const found = HASH.pattern.test(hash) ? read(hash) : undefined;
    if (found === undefined)
      problems.push({ code: "content_missing", message: `${what} ${hash.slice(0, 12)} is neither held nor sent` });
    return found;
  };
  const workloads = contents.workloads.map((hash) => {
    const workload = part("the workload", hash);
    return isRecord(workload) ? { ...workload, outbound: readServices(workload, part) } : workload;
  });
  const whole = {
    format: SNAPSHOT_FORMAT,
    revision,
    issuedAtMs,
    expiresAtMs,
    mesh: part("the mesh's settings", contents.mesh),
    ...(contents.members === undefined ? {} : { members: part("the list of members", contents.members) }),
    ...(contents.revoked === undefined ? {} : { revoked: part("the list of what was revoked", contents.revoked) }),
    workloads,
  };
  return { whole, problems };
}

/** Of what is missing a few say it. */
const PROBLEMS_MAX = 10;

function readServices(workload: Readonly<Record<string, unknown>>, part: (what: string, hash: string) => unknown) {
  const list = part("the list of services", String(workload["outbound"]));
  if (!Array.isArray(list)) return list;
  const services = list.map((hash) => part("a service", String(hash)));
  const from = String(workload["namespace"]);
  return services.map((each) => (isService(each) ? fromServiceContent(each, from) : each)).sort(inOrder);
}

/** Lists are in the order of hashes; people read services in that of their names. */
function inOrder(a: unknown, b: unknown): number {
  if (!isService(a) || !isService(b)) return 0;
  const [left, right] = [`${a.name}.${a.namespace}`, `${b.name}.${b.namespace}`];
  return left < right ? -1 : left > right ? 1 : a.port - b.port;
}

function checkEnvelope(envelope: FieldReader<Envelope>): void {
  envelope.oneOf("format", ENVELOPE_FORMAT);
  envelope.object("revision", checkRevision);
  envelope.number("issuedAtMs");
  envelope.number("expiresAtMs");
  envelope.object("contents", (contents) => {
    contents.text("mesh", HASH);
    if (contents.has("members")) contents.text("members", HASH);
    if (contents.has("revoked")) contents.text("revoked", HASH);
    contents.texts("workloads", WORKLOADS_MAX, HASH);
  });
}

/** A whole snapshot as envelope and contents: for whoever has one at hand, such as a file. */
export function splitSnapshot(snapshot: Snapshot): {
  readonly envelope: Envelope;
  /** By hash. */
  readonly contents: ReadonlyMap<string, string>;
} {
  const contents = new Map<string, string>();
  const add = (text: string): string => {
    const hash = snapshotHash(text);
    contents.set(hash, text);
    return hash;
  };
  const { revision, issuedAtMs, expiresAtMs, mesh, members, revoked } = snapshot;
  const workloads = snapshot.workloads.map(({ outbound, ...rest }) => {
    const services = outbound.map((service) => `"${add(canonicalJson(toServiceContent(service)))}"`);
    return add(canonicalJson({ ...rest, outbound: add(listText(services)) } satisfies WorkloadContent));
  });
  return {
    envelope: {
      format: ENVELOPE_FORMAT,
      revision,
      issuedAtMs,
      expiresAtMs,
      contents: {
        mesh: add(canonicalJson(mesh)),
        ...(members === undefined ? {} : { members: add(listText(members.map(canonicalJson))) }),
        ...(revoked === undefined ? {} : { revoked: add(canonicalJson(revoked)) }),
        workloads,
      },
    },
    contents,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As far as it must be one to be put in its place; whether it is one is checked with the whole. */
function isService(value: unknown): value is ServiceContent {
  return isRecord(value) && typeof value["name"] === "string" && Array.isArray(value["hosts"]);
}
