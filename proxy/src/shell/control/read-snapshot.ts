/** A snapshot as the controller sends it, checked from the signature down; what is held already is put beside it. */
import {
  checkSnapshot,
  ENVELOPE_FORMAT,
  type Envelope,
  joinSnapshot,
  moduleHash,
  type NackReason,
  readContents,
  type Snapshot,
  type SnapshotFile,
  type SnapshotMessage,
  type SnapshotModule,
  type SnapshotProblem,
  snapshotHash,
} from "@regomesh/protocol";
import type { Identity } from "../net/tls.ts";
import type { SnapshotLoad } from "../plane/data-plane.ts";
import { signatureFault } from "./signed-snapshot.ts";

export type ReadContext = {
  /** What is in force: its modules and contents are not sent again. */
  readonly current: SnapshotLoad | undefined;
  readonly contents: ReadonlyMap<string, string>;
  /** What `contents` are of. */
  readonly held: Pick<SnapshotFile, "bodyText" | "snapshot"> | undefined;
  readonly trust: Pick<Identity, "bundlePem" | "trustDomain">;
  readonly nowMs: number;
};

export function readSnapshotMessage(
  message: SnapshotMessage,
  { current, contents: heldContents, held, trust, nowMs }: ReadContext,
): { readonly file?: SnapshotFile; readonly problems: readonly SnapshotProblem[] } {
  const { body, signature, signerPem, hash } = message;
  const fault = signatureFault({ body, signature, signerPem }, trust, nowMs);
  if (fault !== undefined) return refuse("snapshot_signature", fault);
  const bodyText = Buffer.from(body).toString("utf8");
  if (snapshotHash(bodyText) !== hash) return refuse("snapshot_hash", "the body has another hash");
  const value = parse(bodyText);
  const received = readContents(message, { contents: heldContents, modules: current?.modules ?? [] });
  const isEnvelope = (value as { readonly format?: unknown } | undefined)?.format === ENVELOPE_FORMAT;
  const used = new Map<string, string>();
  const { snapshot, problems } = isEnvelope
    ? joinContents(value, { read: received.read, members: membersOf(held), used })
    : checkSnapshot(value);
  if (snapshot === undefined) return { problems };
  const older = olderThan(snapshot, current?.snapshot);
  if (older !== undefined) return refuse("snapshot_sequence", older);
  const modules = collectModules(snapshot, message, [...received.modules, ...(current?.modules ?? [])]);
  if (!Array.isArray(modules)) return refuse("module_hash", modules as string);
  const contents = isEnvelope ? { contents: used } : {};
  return {
    problems: [],
    file: { snapshot, bodyText, ...contents, hash, modules, endpoints: [], signature, signerPem },
  };
}

type HeldMembers = { readonly hash: string | undefined; readonly list: Snapshot["members"] };

/** The longest list of a snapshot, which most revisions have in common: it stays the same value, checked and indexed. */
function membersOf(held: ReadContext["held"]): HeldMembers {
  const { contents } = (parse(held?.bodyText ?? "") ?? {}) as Partial<Envelope>;
  return { hash: contents?.members, list: held?.snapshot.members };
}

type Joining = {
  readonly read: (hash: string) => string | undefined;
  readonly members: HeldMembers;
  /** Is told every content of it, which is what is held from then on. */
  readonly used: Map<string, string>;
};

/** The snapshot of an envelope. */
function joinContents(envelope: unknown, { read, members, used }: Joining): ReturnType<typeof joinSnapshot> {
  return joinSnapshot(envelope, (hash) => {
    const text = read(hash);
    if (text === undefined) return undefined;
    used.set(hash, text);
    return hash === members.hash ? members.list : parse(text);
  });
}

/** Within an epoch revisions only go on: an older one is somebody's replay. */
function olderThan(next: Snapshot, current: Snapshot | undefined): string | undefined {
  if (current === undefined || current.revision.epoch !== next.revision.epoch) return undefined;
  const { sequence } = next.revision;
  if (sequence >= current.revision.sequence) return undefined;
  return `sequence ${sequence} is older than ${current.revision.sequence}, which is in force`;
}

/** Every module that is at hand and named; a fault where one is not what its name says. */
function collectModules(
  snapshot: Snapshot,
  message: SnapshotMessage,
  others: readonly SnapshotModule[],
): SnapshotModule[] | string {
  const named = new Set(
    snapshot.workloads.flatMap(({ policies }) =>
      [policies.inbound, policies.outbound].flatMap((ref) => (ref === undefined ? [] : [ref.module])),
    ),
  );
  const modules: SnapshotModule[] = [];
  for (const { hash, wasm, data } of message.modules) {
    if (moduleHash(wasm, data) !== hash) return `module ${hash.slice(0, 12)} has another hash`;
    if (named.has(hash)) modules.push({ hash, wasm, data: Buffer.from(data).toString("utf8") });
  }
  for (const module of others) {
    if (named.has(module.hash) && !modules.some(({ hash }) => hash === module.hash)) modules.push(module);
  }
  return modules;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refuse(code: NackReason, message: string): { readonly problems: readonly SnapshotProblem[] } {
  return { problems: [{ code, message }] };
}
