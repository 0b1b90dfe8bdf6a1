/**
 * What is known of one kind, and what each word of the API server makes of it. An object that
 * was deleted and made again between two lists is two objects: it is known by its uid.
 */
import type { ClusterObject } from "./cluster-object.ts";
import { objectKey } from "./cluster-object.ts";

/** By `objectKey`. Of ten thousand objects none is copied for the change of one: it is changed where it stands. */
export type HeldObjects = Map<string, ClusterObject>;

/** One line of a watch. */
export type WatchEvent = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Partial<ClusterObject> & { readonly code?: number; readonly message?: string };
};

/** An object that is another now: of one that is new there is none before, of one that is gone none after. */
export type Change = {
  readonly key: string;
  readonly before: ClusterObject | undefined;
  readonly after: ClusterObject | undefined;
};

/** A whole list takes the place of what was known; what it does not name is gone. Gives what differs. */
export function applyList(held: HeldObjects, items: readonly ClusterObject[]): readonly Change[] {
  const next = new Map(items.map((item) => [objectKey(item), item]));
  const changed = [...new Set([...held.keys(), ...next.keys()])]
    .map((key) => ({ key, before: held.get(key), after: next.get(key) }))
    .filter(({ before, after }) => !isSame(before, after));
  held.clear();
  for (const [key, item] of next) held.set(key, item);
  return changed;
}

/** Gives what differs now; bookmarks and errors change nothing of what is held. */
export function applyEvent(held: HeldObjects, { type, object }: WatchEvent): Change | undefined {
  if (type === "BOOKMARK" || type === "ERROR") return undefined;
  const item = object as ClusterObject;
  const key = objectKey(item);
  const known = held.get(key);
  if (type === "DELETED") {
    if (known === undefined || known.metadata.uid !== item.metadata.uid) return undefined;
    held.delete(key);
    return { key, before: known, after: undefined };
  }
  if (isSame(known, item)) return undefined;
  held.set(key, item);
  return { key, before: known, after: item };
}

function isSame(one: ClusterObject | undefined, other: ClusterObject | undefined): boolean {
  return one?.metadata.uid === other?.metadata.uid && one?.metadata.resourceVersion === other?.metadata.resourceVersion;
}
