/**
 * In which order the matches of all routes of a port are looked at: the first that holds counts.
 * The specification ranks paths that are exact before prefixes, longer before shorter ones, then
 * a method, then more fields, then more parameters, then the older route, then its name; it leaves
 * open where expressions stand. Here they come between the two: after prefixes none would ever be
 * asked, as a rule without a path is for the prefix `/`.
 */
import type { GrpcRoute, GrpcRouteMatch, HttpRoute, HttpRouteMatch, Route } from "@regomesh/resources";
import { compareText } from "../index/mesh-index.ts";

/** One match of one rule of a route. */
export type Ranked<R extends Route = Route> = R extends HttpRoute
  ? { readonly route: HttpRoute; readonly rule: number; readonly at: number; readonly match: HttpRouteMatch }
  : R extends GrpcRoute
    ? { readonly route: GrpcRoute; readonly rule: number; readonly at: number; readonly match: GrpcRouteMatch }
    : never;

/** Every match of routes of one kind, the one that is looked at first before the others. */
export function rankMatches(routes: readonly Route[]): readonly Ranked[] {
  const all = routes.flatMap((route): readonly Ranked[] =>
    route.kind === "HTTPRoute"
      ? route.spec.rules.flatMap(({ matches }, rule) =>
          orAny(matches, ANY_HTTP).map((match, at) => ({ route, rule, at, match })),
        )
      : route.spec.rules.flatMap(({ matches }, rule) =>
          orAny(matches, ANY_GRPC).map((match, at) => ({ route, rule, at, match })),
        ),
  );
  const weighed = all.map((ranked) => ({ ranked, weights: weightsOf(ranked) }));
  return weighed.sort((a, b) => compare(a, b)).map(({ ranked }) => ranked);
}

/** A list that is written and empty says as little as one that is not there. */
function orAny<M>(matches: readonly M[], any: M): readonly M[] {
  return matches.length === 0 ? [any] : matches;
}

const ANY_HTTP: HttpRouteMatch = { path: { type: "PathPrefix", value: "/" }, headers: [], queryParams: [] };
const ANY_GRPC: GrpcRouteMatch = { headers: [] };

type Weighed = { readonly ranked: Ranked; readonly weights: readonly number[] };

const PATH_RANK = { Exact: 2, RegularExpression: 1, PathPrefix: 0 } as const;

/** More counts, from the first on. */
function weightsOf(ranked: Ranked): readonly number[] {
  if (isGrpc(ranked)) {
    const { method, headers } = ranked.match;
    return [method?.service?.length ?? 0, method?.method?.length ?? 0, distinct(headers).length];
  }
  const { path, method, headers, queryParams } = ranked.match;
  const length = path.type === "PathPrefix" ? withoutSlash(path.value).length : path.value.length;
  return [PATH_RANK[path.type], length, method === undefined ? 0 : 1, distinct(headers).length, queryParams.length];
}

export function isGrpc(ranked: Ranked): ranked is Ranked<GrpcRoute> {
  return ranked.route.kind === "GRPCRoute";
}

function compare(a: Weighed, b: Weighed): number {
  for (const [i, weight] of a.weights.entries()) {
    const difference = (b.weights[i] ?? 0) - weight;
    if (difference !== 0) return difference;
  }
  return compareRoutes(a.ranked.route, b.ranked.route) || a.ranked.rule - b.ranked.rule || a.ranked.at - b.ranked.at;
}

/** The older first; one that says no time, as those in files, comes after all that do. */
export function compareRoutes(a: Route, b: Route): number {
  const [made, other] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (made !== undefined && other !== undefined && made !== other) return compareText(made, other);
  if ((made === undefined) !== (other === undefined)) return made === undefined ? 1 : -1;
  return compareText(nameOf(a), nameOf(b));
}

function nameOf({ metadata: { namespace, name } }: Route): string {
  return `${namespace}/${name}`;
}

/** Of several entries of one name, whatever its case, the first. */
export function distinct<Entry extends { readonly name: string }>(entries: readonly Entry[]): readonly Entry[] {
  return [...Map.groupBy(entries, ({ name }) => name.toLowerCase()).values()].flatMap(([first]) => first ?? []);
}

export function withoutSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
