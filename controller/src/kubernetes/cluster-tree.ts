/**
 * A cluster's objects as texts of a source. A fault refuses the object that is at fault, not the cluster:
 * in its place stands what was in force of it, or nothing, until it is another one.
 */

import type { Source } from "@regomesh/base";
import { API_VERSION } from "@regomesh/resources";
import { stringify } from "yaml";
import { type ClusterObject, objectKey } from "./cluster-object.ts";
import { type MeshDocument, toMeshObjects } from "./mesh-objects.ts";
import { versionOf } from "./version.ts";

/** Objects by `objectKey`. */
export type Objects = ReadonlyMap<string, ClusterObject>;

/** What is tried: the newest of each, but of those whose version (`versionOf`) was at fault what is in force. */
export function choose(newest: Objects, refused: ReadonlyMap<string, string>, inForce: Objects): Objects {
  const chosen = new Map<string, ClusterObject>();
  for (const [key, object] of newest) {
    const fault = refused.get(key);
    if (fault === undefined || fault !== versionOf(object)) {
      chosen.set(key, object);
      continue;
    }
    const before = inForce.get(key);
    const isAnother = before !== undefined && versionOf(before) !== versionOf(object);
    if (isAnother && before.metadata.uid === object.metadata.uid) chosen.set(key, before);
  }
  return chosen;
}

/** Files by name, and what each says: of ten thousand none is written anew for the change of one. Changed where it stands. */
export type Written = Map<string, { readonly said: string; readonly file: Source }>;

/** Beside what is written now, what was a moment ago. */
const WRITTEN_MAX_TIMES = 2;

/** Texts named `KIND/NAMESPACE/NAME.yaml`, sorted, so that the same objects are the same content. */
export function toFiles(objects: Iterable<ClusterObject>, written: Written = new Map()): readonly Source[] {
  const all = [...objects];
  const own = all.filter(isOurs).map(toDocument);
  const files = [...own, ...toMeshObjects(all)].map((document) => {
    const name = `${objectKey(document as never)}.yaml`;
    const said = JSON.stringify(document);
    const known = written.get(name);
    if (known?.said === said) return known.file;
    const file = { name, text: stringify(document, { lineWidth: 0 }) };
    written.set(name, { said, file });
    return file;
  });
  if (written.size > WRITTEN_MAX_TIMES * files.length) {
    const there = new Set(files.map(({ name }) => name));
    for (const name of written.keys()) if (!there.has(name)) written.delete(name);
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The object that a file of the source, or a file of a Policy's unit, is of. */
export function keyOfFile(file: string): string {
  const inUnit = /^(Policy\/[^/]+\/[^/]+)\//.exec(file)?.[1];
  return (inUnit ?? file.replace(/\.yaml$/, "")).replace(/^MeshService\//, "Service/").replace(/^Workload\//, "Pod/");
}

/** Of our group, or a route or a grant: what people write for the mesh, and are told of. */
export function isOurs({ apiVersion, kind }: ClusterObject): boolean {
  return apiVersion === API_VERSION || isRoute({ kind }) || kind === "ReferenceGrant";
}

export function isRoute({ kind }: Pick<ClusterObject, "kind">): boolean {
  return kind === "HTTPRoute" || kind === "GRPCRoute";
}

/** What the mesh reads of an object: what others have written upon it is nothing to it. Of two that do not go together the older one stays. */
function toDocument(object: ClusterObject): Omit<MeshDocument, "kind"> & { kind: string } {
  const { apiVersion, kind, spec } = object;
  const { name, namespace, generation, creationTimestamp } = object.metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(isRoute(object) ? { generation } : {}),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    } as MeshDocument["metadata"],
    spec: spec as object,
  };
}
