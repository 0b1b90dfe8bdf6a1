/** Which objects of the cluster are to have another status than they have. */
import { CLUSTER_KINDS } from "@regomesh/resources";
import type { RouteStatus } from "../gateway-api/status.ts";
import { type ClusterObject, objectKey } from "./cluster-object.ts";
import { isRoute } from "./cluster-tree.ts";
import { type StateFacts, toState } from "./object-states.ts";
import { gatewayStatus, routeParents } from "./route-status.ts";
import { differenceOf, toStatus } from "./status-patch.ts";
import { versionOf } from "./version.ts";

export type WantedStatus = {
  /** As it is now. */
  readonly object: ClusterObject;
  readonly status: object;
  /** Somebody waits for it; counts alone can. */
  readonly isUrgent: boolean;
  /** The whole of a list that others write, too. */
  readonly isShared: boolean;
};

export type StatusFacts = {
  /** Objects on whose texts there are verdicts. */
  readonly settled: Iterable<ClusterObject>;
  /** The object as it is now; undefined where it is gone. */
  readonly find: (key: string) => ClusterObject | undefined;
  readonly gateways: readonly ClusterObject[];
  readonly gatewayClasses: readonly ClusterObject[];
  readonly facts: StateFacts;
};

type RouteStatuses = ReadonlyMap<string, RouteStatus>;

export function wantedStatuses({ settled, find, gateways, gatewayClasses, facts }: StatusFacts, nowIso: string) {
  const wanted: WantedStatus[] = [];
  const routes: RouteStatuses = new Map(
    facts.inForce?.plan.routeStatus?.map((each) => [`${each.kind}/${each.namespace}/${each.name}`, each]),
  );
  for (const object of settled) {
    const current = find(objectKey(object));
    // What was said is of this text; the newer one's verdict is to come.
    if (current === undefined || versionOf(current) !== versionOf(object)) continue;
    const made = isRoute(current) ? ofRoute(current, routes, facts, nowIso) : ofOwn(current, facts, nowIso);
    if (made !== undefined) wanted.push(made);
  }
  for (const object of [...gatewayClasses, ...gateways]) {
    const status = gatewayStatus(object, gatewayClasses, nowIso);
    if (status !== undefined) wanted.push({ object, status, isUrgent: true, isShared: false });
  }
  return wanted;
}

function ofOwn(object: ClusterObject, facts: StateFacts, nowIso: string): WantedStatus | undefined {
  if (!Object.hasOwn(CLUSTER_KINDS, object.kind)) return undefined;
  const status = toStatus(object, toState(object, facts), nowIso);
  const difference = differenceOf(object, status);
  return difference === "none" ? undefined : { object, status, isUrgent: difference === "conditions", isShared: false };
}

function ofRoute(
  object: ClusterObject,
  routes: RouteStatuses,
  { verdicts }: StateFacts,
  nowIso: string,
): WantedStatus | undefined {
  const key = objectKey(object);
  const parents = routeParents(object, verdicts.get(key), routes.get(key), nowIso);
  return parents === undefined ? undefined : { object, status: { parents }, isUrgent: true, isShared: true };
}
