/** Draws where one request goes: a policy's weighted targets, or the service's default route. */
import type { Random } from "@regomesh/base";
import type { RouteTarget } from "@regomesh/policy-runtime";
import type { Cluster, Group } from "./cluster.ts";
import { matchName, type ServiceTable } from "./service-table.ts";

export type Target = { readonly cluster: Cluster; readonly group: Group };

/** The target of a request to `cluster`, or undefined where the route names what is not there. */
export function pickTarget(
  table: ServiceTable,
  cluster: Cluster,
  targets: readonly RouteTarget[] | undefined,
  random: Random,
): Target | undefined {
  if (targets === undefined) return pickDefault(cluster, random);
  const drawn = targets[drawIndex(targets, random)];
  if (drawn === undefined) return undefined;
  const to = matchName(table, drawn.to);
  const group = to?.groups.get(drawn.subset ?? "");
  return to === undefined || group === undefined ? undefined : { cluster: to, group };
}

function pickDefault(cluster: Cluster, random: Random): Target | undefined {
  const { defaultRoute } = cluster.service;
  const subset = defaultRoute.length === 0 ? "" : (defaultRoute[drawIndex(defaultRoute, random)]?.subset ?? "");
  const group = cluster.groups.get(subset);
  return group === undefined ? undefined : { cluster, group };
}

/** Index drawn by weight; a weight of 0 is never drawn, -1 where there is none above. */
export function drawIndex(choices: readonly { readonly weight: number }[], random: Random): number {
  let total = 0;
  let only = -1;
  for (let index = 0; index < choices.length; index++) {
    const { weight } = choices[index] as { weight: number };
    if (weight <= 0) continue;
    only = total === 0 ? index : -2;
    total += weight;
  }
  if (only >= -1) return only;
  let at = random() * total;
  for (let index = 0; index < choices.length; index++) {
    const { weight } = choices[index] as { weight: number };
    if (weight <= 0) continue;
    at -= weight;
    if (at < 0) return index;
    only = index;
  }
  return only;
}
