/**
 * Which paths of a source may speak for which namespaces. It is the operator's word
 * (`--allow PATH=NAMESPACE[,…]`), never a resource's: whoever commits cannot widen it.
 */
import { ROOT_NAMESPACE } from "@regomesh/resources";

export type PathRight = {
  /** A directory or file of the source; "" is all of it. */
  readonly path: string;
  /** `*` is all. */
  readonly namespaces: readonly string[];
};

/** Empty: every path may speak for every namespace. */
export type SourceRights = readonly PathRight[];

export const ALL_RIGHTS: SourceRights = [];

/** Whether a file, named by its path in the source, may hold resources of a namespace. The most specific path decides. */
export function maySpeakFor(file: string, namespace: string, rights: SourceRights): boolean {
  if (rights.length === 0) return true;
  const right = rightOf(file, rights);
  return right !== undefined && (right.namespaces.includes("*") || right.namespaces.includes(namespace));
}

/** As `maySpeakFor`, of a source that is not the mesh's own: what nobody has given it, it has not. */
export function mayOtherSpeakFor(file: string, namespace: string, rights: SourceRights): boolean {
  return rights.length > 0 && maySpeakFor(file, namespace, rights);
}

/** Whether the right that decides has the namespace by its name, not among all. */
export function speaksByName(file: string, namespace: string, rights: SourceRights): boolean {
  return rightOf(file, rights)?.namespaces.includes(namespace) === true;
}

/** The mesh's own settings are the root namespace's. */
export function mayConfigure(file: string, rights: SourceRights): boolean {
  return maySpeakFor(file, ROOT_NAMESPACE, rights);
}

/** `teams/a=a,b`, as `--allow` takes it; undefined where it is not. */
export function parseRight(text: string): PathRight | undefined {
  const at = text.lastIndexOf("=");
  const parts = text
    .slice(0, at)
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  const namespaces = text.slice(at + 1).split(",");
  const isWhole = at > 0 && !text.startsWith("/") && !parts.includes("..");
  return isWhole && namespaces.every(isNamespace) ? { path: parts.join("/"), namespaces } : undefined;
}

/** `--allow` as it would be written, for hints. */
export function printRight({ path, namespaces }: PathRight): string {
  return `${path === "" ? "." : path}=${namespaces.join(",")}`;
}

function rightOf(file: string, rights: SourceRights): PathRight | undefined {
  return rights.filter(({ path }) => isBelow(file, path)).sort((a, b) => b.path.length - a.path.length)[0];
}

function isBelow(file: string, path: string): boolean {
  return path === "" || file === path || file.startsWith(`${path}/`);
}

function isNamespace(text: string): boolean {
  return text === "*" || (text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text));
}
