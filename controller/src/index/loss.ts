/**
 * What a commit would take away. Absence is read as a wish only up to a point: a mesh that
 * loses its settings, its last workload, or most of its bindings or workloads at once has more
 * often lost a file, a path or a branch, and an operator says which.
 */
import type { DiagnosticRecord } from "@regomesh/base";
import { canonicalJson } from "@regomesh/protocol";
import { ROOT_SOURCE } from "../sources/source.ts";
import type { HostOwners } from "./hosts.ts";

/** By name: `namespace/name`. */
export type Holdings = { readonly bindings: readonly string[]; readonly workloads: readonly string[] };

/** What a revision holds. */
export type Inventory = Holdings & {
  readonly hasConfig: boolean;
  /** Absent in one that an earlier version has kept. */
  readonly hosts?: HostOwners;
  /** What of it each source holds, where there are several: also one that is named and holds nothing. */
  readonly sources?: Readonly<Record<string, Holdings>>;
};

export type Loss = {
  /** Of what would go: what an operator confirms. */
  readonly hash: string;
  /** Sentences, each a reason to ask. */
  readonly reasons: readonly string[];
};

/** Names that a sentence lists. */
const NAMES_SHOWN = 5;

/**
 * The loss that needs a word; undefined where none does. Asked is of the mesh, and of each source
 * that is still one: a small one among large ones is emptied by the same mistakes. What has moved to
 * another source is not gone. `pathMissing`: the source's directory is not there.
 */
export function lossOf(
  before: Inventory,
  after: Inventory,
  { pathMissing, digest }: { readonly pathMissing: string | undefined; readonly digest: (text: string) => string },
): Loss | undefined {
  const bindings = gone(before.bindings, after.bindings);
  const workloads = gone(before.workloads, after.workloads);
  const config = before.hasConfig && !after.hasConfig;
  const isLastWorkload = before.workloads.length > 0 && after.workloads.length === 0;
  const reasons = [
    ...(pathMissing === undefined ? [] : [`the commit has no directory ${pathMissing}, which is the source`]),
    ...(config ? ["the commit takes away the mesh's MeshConfig"] : []),
    ...(isLastWorkload ? [`the commit takes away every workload: ${list(workloads)}`] : []),
    ...(!isLastWorkload && isMost(workloads, before.workloads)
      ? [`the commit takes away ${workloads.length} of ${before.workloads.length} workloads: ${list(workloads)}`]
      : []),
    ...(isMost(bindings, before.bindings)
      ? [`the commit takes away ${bindings.length} of ${before.bindings.length} bindings: ${list(bindings)}`]
      : []),
  ];
  reasons.push(...lossesOfSources(before, after, [...bindings, ...workloads]));
  if (reasons.length === 0) return undefined;
  return { hash: digest(canonicalJson({ pathMissing, config, bindings, workloads })), reasons };
}

function lossesOfSources(before: Inventory, after: Inventory, all: readonly string[]): readonly string[] {
  if (all.length === 0) return [];
  return Object.keys(after.sources ?? {}).flatMap((source) => {
    const { workloads, bindings } = heldBy(before, source) ?? (source === ROOT_SOURCE ? before : NOTHING);
    const reasonOf = (kind: string, own: readonly string[], left: readonly string[], whole: readonly string[]) => {
      const lost = gone(own, left);
      // Of a source that holds all, it is said of the mesh.
      if (own.length === whole.length || !isMost(lost, own)) return [];
      return [`the commit takes away ${lost.length} of ${own.length} ${kind} of source ${source}: ${list(lost)}`];
    };
    return [
      ...reasonOf("workloads", workloads, after.workloads, before.workloads),
      ...reasonOf("bindings", bindings, after.bindings, before.bindings),
    ];
  });
}

/** What it holds of the source, where it knows the source: a name that all objects have is one that sources may have. */
export function heldBy({ sources }: Inventory, source: string): Holdings | undefined {
  return sources !== undefined && Object.hasOwn(sources, source) ? sources[source] : undefined;
}

const NOTHING: Holdings = { bindings: [], workloads: [] };

/** What a plan holds; one that an earlier version has kept says nothing of bindings and settings. */
export function inventoryOf({
  inventory,
  workloads,
}: {
  readonly inventory?: Inventory;
  readonly workloads: readonly { readonly namespace: string; readonly name: string }[];
}): Inventory {
  const keys = workloads.map(({ namespace, name }) => `${namespace}/${name}`);
  return inventory ?? { hasConfig: false, bindings: [], workloads: keys };
}

/** What a revision held of which only the workloads are known still: their proxies were there. */
export function remembered(workloads: readonly string[]): Inventory {
  return { hasConfig: false, bindings: [], workloads: [...new Set(workloads)] };
}

/** What refuses a commit whose loss nobody has said is meant. */
export function toLossRecords({ reasons }: Loss, hint: string | undefined): readonly DiagnosticRecord[] {
  const place = { code: "source_loss", severity: "error", file: ".", row: 1, column: 1 } as const;
  return reasons.map((message) => ({ ...place, message, ...(hint === undefined ? {} : { hint }) }));
}

/** How an operator says that it is meant. `isAsked`: a controller runs that waits for the word. */
export function wayToConfirm({ hash }: Loss, isAsked: boolean): string {
  const shown = hash.slice(0, HASH_SHOWN);
  return isAsked
    ? `if that is meant, once: regomesh confirm ${shown}, or put ${shown} in the commit's message`
    : `if that is meant, put ${shown} in a commit's message`;
}

/** Digits of a hash that people are shown, and that are enough to confirm it. */
export const HASH_SHOWN = 12;

/** Whether a text, a commit's message or what an operator typed, names a loss by its hash. */
export function names(text: string, { hash }: Loss): boolean {
  return (text.toLowerCase().match(/[0-9a-f]{12,64}/g) ?? []).some((word) => hash.startsWith(word));
}

function gone(before: readonly string[], after: readonly string[]): readonly string[] {
  const there = new Set(after);
  return before.filter((name) => !there.has(name)).sort();
}

function isMost(gone: readonly string[], before: readonly string[]): boolean {
  return gone.length * 2 > before.length;
}

function list(namesOf: readonly string[]): string {
  const more = namesOf.length - NAMES_SHOWN;
  return `${namesOf.slice(0, NAMES_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
