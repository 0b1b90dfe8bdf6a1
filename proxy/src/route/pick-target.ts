/** Draws where one request goes: a policy's weighted targets, or the service's default route. */
import type { Random } from "@regomesh/base";
import type { RouteActions, RouteTarget } from "@regomesh/policy-runtime";
import type { Cluster, Group } from "./cluster.ts";
import { matchName, type ServiceTable } from "./service-table.ts";

export type Target = {
  readonly cluster: Cluster;
  readonly group: Group;
  /** What the route does with requests to this target alone; undefined: nothing. */
  readonly actions: RouteActions | undefined;
};

/**
 * The target of a request to `cluster`, or undefined where the route names what is not there.
 * What a draw gives to a target without endpoints goes to the route's other targets by their
 * weights: they are there because whoever wrote the route sends such requests to them, too.
 * A route with one target has no other, and nor has one whose others weigh nothing. A target
 * that answers by itself keeps its share, and gets nobody else's.
 */
export function pickTarget(
  table: ServiceTable,
  cluster: Cluster,
  targets: readonly RouteTarget[] | undefined,
  random: Random,
): Target | undefined {
  if (targets === undefined) {
    const { defaultRoute } = cluster.service;
    if (defaultRoute.length === 0) return targetOf(cluster, "");
    return draw(defaultRoute, ({ subset }) => targetOf(cluster, subset ?? ""), random);
  }
  const resolve = (target: RouteTarget) => {
    if (answers(target)) return targetOf(cluster, "", target.actions);
    return targetOf(matchName(table, target.to, target.port), target.subset ?? "", target.actions);
  };
  return draw(targets, resolve, random);
}

/** Whether requests for the target get an answer in place of an endpoint. */
export function answers({ actions }: Pick<Target, "actions">): boolean {
  return actions?.redirect !== undefined || actions?.respond !== undefined;
}

function targetOf(cluster: Cluster | undefined, subset: string, actions?: RouteActions): Target | undefined {
  const group = cluster?.groups.get(subset);
  return cluster === undefined || group === undefined ? undefined : { cluster, group, actions };
}

function draw<Choice extends { readonly weight: number }>(
  choices: readonly Choice[],
  resolve: (choice: Choice) => Target | undefined,
  random: Random,
): Target | undefined {
  const drawn = choices[drawIndex(choices, random)];
  const target = drawn && resolve(drawn);
  if (target === undefined || choices.length === 1) return target;
  if (target.group.endpoints.length > 0 || answers(target)) return target;
  const others = choices.filter((choice) => {
    const other = resolve(choice);
    return other !== undefined && !answers(other) && other.group.endpoints.length > 0;
  });
  const other = others[drawIndex(others, random)];
  return (other && resolve(other)) ?? target;
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
