/**
 * What tells one text of an object from another. A generation counts what people have written of our kinds and of
 * routes; of a Pod it says nothing of labels and address, and a Service has none: there it is what the mesh reads. So
 * a status that is written, by whomever, makes no other text, and costs no build.
 */
import type { ClusterObject } from "./cluster-object.ts";
import { readOf } from "./mesh-objects.ts";

/** One and the same text of an object: what is deleted and made again is another, though it says the same. */
export function versionOf(object: ClusterObject): string {
  const { uid, generation, resourceVersion } = object.metadata;
  const isRead = object.kind === "Pod" || object.kind === "Service";
  return `${uid}@${isRead ? readOf(object) : (generation ?? resourceVersion)}`;
}
