/** Which objects of the cluster are to have another status than they have. */
import { CLUSTER_KINDS } from "@regomesh/resources";
import { type ClusterObject, objectKey, versionOf } from "./cluster-object.ts";
import { isRoute } from "./cluster-tree.ts";
import { type StateFacts, toState } from "./object-states.ts";
import { gatewayStatus, routeParents } from "./route-status.ts";
import { differenceOf, toStatus } from "./status-patch.ts";

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

export function wantedStatuses({ settled, find, gateways, gatewayClasses, facts }: StatusFacts, nowIso: string) {
  const wanted: WantedStatus[] = [];
  for (const object of settled) {
    const current = find(objectKey(object));
    // What was said is of this text; the newer one's verdict is to come.
    if (current === undefined || versionOf(current) !== versionOf(object)) continue;
    const made = isRoute(current) ? ofRoute(current, facts, nowIso) : ofOwn(current, facts, nowIso);
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

function ofRoute(object: ClusterObject, { verdicts, inForce }: StateFacts, nowIso: string): WantedStatus | undefined {
  const { kind, metadata } = object;
  const built = inForce?.plan.routeStatus?.find(
    (each) => each.kind === kind && each.namespace === metadata.namespace && each.name === metadata.name,
  );
  const parents = routeParents(object, verdicts.get(objectKey(object)), built, nowIso);
  return parents === undefined ? undefined : { object, status: { parents }, isUrgent: true, isShared: true };
}
