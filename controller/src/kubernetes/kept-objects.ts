/**
 * What is in force of a cluster's objects, from the texts that are kept of it: after a start, and after a release was
 * taken back. An object whose newer text is at fault stays as it was in force, for as long as it is the same object.
 */
import type { Source } from "@regomesh/base";
import { parse } from "yaml";
import type { ClusterObject } from "./cluster-object.ts";
import { isOurs, keyOfFile, type Objects, toFiles, type Written } from "./cluster-tree.ts";
import type { Condition } from "./conditions.ts";
import type { TakenBack } from "./settle-objects.ts";
import { versionOf } from "./version.ts";

type Said = {
  readonly metadata?: { readonly creationTimestamp?: string; readonly generation?: number };
  readonly spec?: unknown;
};

/** Of the objects that are there; those that were deleted, or made anew, are not in force any more. */
export function keptObjects(files: readonly Source[], newest: Objects, written?: Written): Objects {
  const texts = new Map(toFiles(newest.values(), written).map(({ name, text }) => [name, text]));
  const found = new Map<string, ClusterObject>();
  for (const { name, text } of files) {
    const key = keyOfFile(name);
    const object = newest.get(key);
    if (object === undefined) continue;
    const before = texts.get(name) === text ? object : asItWas(object, text);
    if (before !== undefined) found.set(key, before);
  }
  return found;
}

/** What was taken back before a start, as the statuses of these objects have it: of the very text that it was said of. */
export function takenBackIn(objects: Objects): TakenBack {
  const found: TakenBack = new Map();
  for (const [key, object] of objects) {
    const { conditions = [] } = (object.status ?? {}) as { readonly conditions?: readonly Condition[] };
    const accepted = conditions.find(({ type }) => type === "Accepted");
    const isIt = accepted?.reason === "TakenBack" && accepted.observedGeneration === object.metadata.generation;
    if (isIt && isOurs(object)) found.set(key, { version: versionOf(object), message: accepted.message });
  }
  return found;
}

/** With an earlier text: its generation is one that no newer text has. */
function asItWas(object: ClusterObject, text: string): ClusterObject | undefined {
  if (!isOurs(object)) return undefined;
  const { metadata, spec } = parse(text) as Said;
  const { creationTimestamp } = object.metadata;
  if (creationTimestamp === undefined || metadata?.creationTimestamp !== creationTimestamp) return undefined;
  return { ...object, spec, metadata: { ...object.metadata, generation: metadata.generation ?? 0 } };
}
