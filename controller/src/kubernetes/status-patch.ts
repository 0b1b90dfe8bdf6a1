/** The status of an object as it is applied, and whether that would change anything. */
import { CLUSTER_KINDS, type ClusterKind, CONTROLLER_NAME } from "@regomesh/resources";
import type { ClusterObject } from "./cluster-object.ts";
import { type Condition, type ObjectState, toConditions } from "./conditions.ts";

export type ObjectStatus = {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly revision?: string;
  readonly proxies?: { readonly total: number; readonly programmed: number; readonly summary: string };
  readonly ancestors?: readonly object[];
};

/** GEP-713's bound. */
const ANCESTORS_MAX = 16;

/** Why a status is to be written: what people wait for is written at once, counts alone every few seconds. */
export type Difference = "none" | "counts" | "conditions";

export function toStatus(object: ClusterObject, state: ObjectState, nowIso: string): ObjectStatus {
  const before = (object.status ?? {}) as Partial<ObjectStatus>;
  const conditions = toConditions(state, before.conditions ?? [], nowIso);
  const revision = revisionOf(state, before);
  const { total, programmed } = state.proxies;
  const isPolicy = CLUSTER_KINDS[object.kind as ClusterKind].policyClass !== undefined;
  return {
    observedGeneration: state.generation,
    conditions,
    ...(revision === undefined ? {} : { revision }),
    ...(conditions.some(({ type }) => type === "Programmed")
      ? { proxies: { total, programmed, summary: `${programmed}/${total}` } }
      : {}),
    ...(isPolicy
      ? {
          ancestors: ancestorsOf(object).map((ancestorRef) => ({
            ancestorRef,
            controllerName: CONTROLLER_NAME,
            conditions,
          })),
        }
      : {}),
  };
}

/**
 * The revision in which this text came in force: later ones that hold it as it is are no news of it. Otherwise the
 * change of one object would have the status of all written anew.
 */
function revisionOf({ verdict, revision, generation }: ObjectState, before: Partial<ObjectStatus>): string | undefined {
  if (revision === undefined || verdict === undefined) return undefined;
  if (verdict.kind === "refused") return verdict.hasBefore ? (before.revision ?? revision) : undefined;
  const said = before.conditions?.filter(({ observedGeneration }) => observedGeneration === generation) ?? [];
  const wasAccepted = said.some(({ type, status }) => type === "Accepted" && status === "True");
  const wasIn = wasAccepted && !said.some(({ type, status }) => type === "Programmed" && status === "Unknown");
  return wasIn ? (before.revision ?? revision) : revision;
}

export function differenceOf(object: ClusterObject, wanted: ObjectStatus): Difference {
  const has = (object.status ?? {}) as Partial<ObjectStatus>;
  const said = (conditions: readonly Condition[] = []) =>
    new Map(
      conditions.map(({ type, status, observedGeneration, reason }) => [
        type,
        `${status} ${observedGeneration} ${reason}`,
      ]),
    );
  const [before, after] = [said(has.conditions), said(wanted.conditions)];
  if ([...after].some(([type, text]) => before.get(type) !== text)) return "conditions";
  const messages = (conditions: readonly Condition[] = []) =>
    conditions.map(({ type, message }) => `${type} ${message}`).join();
  const ours = has.conditions?.filter(({ type }) => after.has(type));
  const isSame =
    messages(ours) === messages(wanted.conditions) &&
    has.revision === wanted.revision &&
    has.proxies?.summary === wanted.proxies?.summary;
  return isSame ? "none" : "counts";
}

/** What a policy is attached to: the Services that it names, or its namespace. */
function ancestorsOf({ kind, metadata, spec }: ClusterObject): readonly object[] {
  const { namespace = "" } = metadata;
  const written = (spec ?? {}) as {
    readonly services?: readonly string[];
    readonly selector?: { readonly services?: readonly string[] };
  };
  const services = kind === "TrafficPolicy" ? written.services : written.selector?.services;
  if (services === undefined) return [{ group: "", kind: "Namespace", name: namespace }];
  return services.slice(0, ANCESTORS_MAX).map((name) => ({ group: "", kind: "Service", namespace, name }));
}
