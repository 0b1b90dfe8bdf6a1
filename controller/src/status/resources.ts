/** The resources of a revision as they are written, for people who ask for them by kind and name. */
import { positionAt } from "@regomesh/base";
import { parseResources, type Resource } from "@regomesh/resources";
import { parseDocument } from "yaml";
import type { ResourceBody } from "../api/resources.ts";
import { mountTree, resourceFiles, type SourceTree } from "../build/source-tree.ts";

export type ResourceQuery = { readonly kind?: string; readonly namespace?: string; readonly name?: string };

/** Sorted by kind, namespace and name. A MeshConfig has no namespace. */
export function listResources(trees: readonly SourceTree[], query: ResourceQuery): readonly ResourceBody[] {
  return trees
    .map(mountTree)
    .flatMap(resourceFiles)
    .flatMap((file) => parseResources(file).resources)
    .filter((resource) => isAsked(resource, query))
    .map(toBody)
    .sort((a, b) => compare(a.kind, b.kind) || compare(a.namespace, b.namespace) || compare(a.name, b.name));
}

function isAsked(resource: Resource, { kind, namespace, name }: ResourceQuery): boolean {
  if (kind !== undefined && resource.kind !== kind) return false;
  if (namespace !== undefined && namespaceOf(resource) !== namespace) return false;
  return name === undefined || resource.metadata.name === name;
}

function toBody(resource: Resource): ResourceBody {
  const { source, spans } = resource;
  const { start, end } = spans.get("") ?? { start: 0, end: source.text.length };
  return {
    kind: resource.kind,
    namespace: namespaceOf(resource),
    name: resource.metadata.name,
    file: source.name,
    row: positionAt(source, start).row,
    document: documentOf(source.text, start, end),
  };
}

/** A member of a List stands indented: the blanks before it are its own. */
function documentOf(text: string, start: number, end: number): unknown {
  const indent = start - (text.lastIndexOf("\n", start - 1) + 1);
  return parseDocument(" ".repeat(indent) + text.slice(start, end), { prettyErrors: false, logLevel: "silent" }).toJS({
    maxAliasCount: 0,
  });
}

function namespaceOf({ metadata }: Resource): string {
  return "namespace" in metadata ? metadata.namespace : "";
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
