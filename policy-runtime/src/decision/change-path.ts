/** What a route makes of a path: for the proxy that carries it out, and for whoever rehearses it. */
import type { RouteRewrite } from "./decision.ts";

export type PathChange = Pick<RouteRewrite, "path" | "prefix" | "match">;

export function changesPath(change: PathChange | undefined): change is PathChange {
  return change?.path !== undefined || change?.prefix !== undefined;
}

/** A path with its query, changed; undefined where it does not begin with what is to be replaced. */
export function changePath(text: string, { path, prefix = "", match }: PathChange): string | undefined {
  const question = text.indexOf("?");
  const before = question < 0 ? text : text.slice(0, question);
  const query = question < 0 ? "" : text.slice(question);
  const after = path ?? replacePrefix(before, prefix, match);
  return after && `${after}${path?.includes("?") ? "" : query}`;
}

/** A slash at the end of what is replaced, or of what comes for it, counts for nothing: segments are replaced. */
function replacePrefix(path: string, prefix: string, match: string | undefined): string | undefined {
  const second = path.indexOf("/", 1);
  const old = match === undefined ? path.slice(0, second < 0 ? path.length : second) : withoutSlash(match);
  if (path !== old && !path.startsWith(`${old}/`)) return undefined;
  const joined = `${withoutSlash(prefix)}${path.slice(old.length)}`;
  return joined === "" ? "/" : joined;
}

function withoutSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
