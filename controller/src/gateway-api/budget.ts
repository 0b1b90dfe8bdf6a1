/**
 * How much all routes of a mesh may say together: their text is one module, which every proxy has. Where they say
 * more, namespaces share what there is: each may have as much as the others, and what one leaves is the others'. Of a
 * namespace that says more than its share the newest routes are refused, and nobody else's.
 */
import type { Source } from "@regomesh/base";
import type { Route } from "@regomesh/resources";
import { attachRoutes, routesByPort } from "./attach.ts";
import { compareRoutes } from "./rank.ts";
import type { Targets } from "./references.ts";
import { lengthOf, sharedPorts } from "./unit.ts";

/** Characters of Rego: more than ten thousand routes, and three quarters of what the compiler takes of one module. */
export const ROUTES_CHARACTERS_MAX = 12 * 1024 * 1024;

/** Those that are refused, the older of a namespace before the newer. `files`: what was made of the routes. */
export function routesBeyond(
  routes: readonly Route[],
  files: readonly Source[],
  targets: Targets,
  charactersMax = ROUTES_CHARACTERS_MAX,
): readonly Route[] {
  // Who says how much is asked only where it counts: it is to print each of them once more.
  if (sum(files.map(({ text }) => text.length)) <= charactersMax) return [];
  const lengths = lengthsOf(routes, targets);
  const byNamespace = [...Map.groupBy(routes, ({ metadata }) => metadata.namespace).values()];
  const totals = byNamespace.map((own) => sum(own.map((route) => lengths.get(route) ?? 0)));
  if (sum(totals) <= charactersMax) return [];
  const share = shareOf(totals, charactersMax);
  return byNamespace.flatMap((own) => {
    let said = 0;
    return own.toSorted(compareRoutes).filter((route) => {
      const length = lengths.get(route) ?? 0;
      if (said + length > share) return true;
      said += length;
      return false;
    });
  });
}

/** Characters that each takes, wherever it holds; those that hold nowhere take none. */
function lengthsOf(routes: readonly Route[], targets: Targets): ReadonlyMap<Route, number> {
  const found = new Map<Route, number>();
  const own = new Map<Route, number>();
  for (const ports of sharedPorts(routesByPort(attachRoutes(routes, targets.services)))) {
    for (const route of ports[0]?.routes ?? []) {
      const length = own.get(route) ?? lengthOf(route, targets);
      own.set(route, length);
      found.set(route, (found.get(route) ?? 0) + length);
    }
  }
  return found;
}

/** What each may have at most, so that together they have no more than `max`. */
function shareOf(totals: readonly number[], max: number): number {
  let left = max;
  const sorted = totals.toSorted((a, b) => a - b);
  for (const [at, total] of sorted.entries()) {
    const share = left / (sorted.length - at);
    if (total > share) return share;
    left -= total;
  }
  return max;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
