/**
 * What a route of the Gateway API, a Gateway or a GatewayClass is told. A route's `status.parents` is one list of all
 * controllers: others' entries are handed back as they were, and it is written only where nobody wrote meanwhile.
 */
import { CONTROLLER_NAME, isService, type ParentReference } from "@regomesh/resources";
import { type Condition, condition } from "../gateway-api/condition.ts";
import { type Gateway, type GatewayClass, gatewayClassStatus, gatewayConditions } from "../gateway-api/gateway.ts";
import type { RouteParentStatus, RouteStatus } from "../gateway-api/status.ts";
import type { ClusterObject } from "./cluster-object.ts";
import type { ObjectVerdict } from "./conditions.ts";
import { timed } from "./timed-conditions.ts";

type Parent = {
  readonly parentRef: Partial<ParentReference>;
  readonly controllerName: string;
  readonly conditions: readonly unknown[];
};

/** `parents` as they shall be; undefined where they are so already, or nothing can be said of this text yet. */
export function routeParents(
  route: ClusterObject,
  verdict: ObjectVerdict | undefined,
  inForce: RouteStatus | undefined,
  nowIso: string,
): readonly Parent[] | undefined {
  const wanted = parentsOf(route, verdict, inForce);
  if (wanted === undefined) return undefined;
  const { parents: has = [] } = (route.status ?? {}) as { readonly parents?: readonly Parent[] };
  const own = has.filter(({ controllerName }) => controllerName === CONTROLLER_NAME);
  const made = wanted.map(({ parentRef, conditions }): Parent => {
    const before = own.find((each) => keyOf(each.parentRef) === keyOf(parentRef))?.conditions ?? [];
    return { parentRef, controllerName: CONTROLLER_NAME, conditions: timed(conditions, before, nowIso) };
  });
  if (JSON.stringify(own.map(comparable)) === JSON.stringify(made.map(comparable))) return undefined;
  return [...has.filter(({ controllerName }) => controllerName !== CONTROLLER_NAME), ...made];
}

function parentsOf(
  route: ClusterObject,
  verdict: ObjectVerdict | undefined,
  inForce: RouteStatus | undefined,
): readonly Pick<RouteParentStatus, "parentRef" | "conditions">[] | undefined {
  const { generation } = route.metadata;
  const services = serviceParents(route);
  if (services.length === 0) return [];
  if (verdict?.kind === "refused") {
    const stays = verdict.hasBefore ? "what was accepted before stays in force: " : "";
    const said = condition(
      "Accepted",
      false,
      verdict.code === "held" ? "Pending" : "UnsupportedValue",
      `${stays}${verdict.message}`,
      generation,
    );
    return services.map((parentRef) => ({ parentRef, conditions: [said] }));
  }
  const isOfThis = inForce?.parents.every(({ conditions }) =>
    conditions.every((each) => each.observedGeneration === generation),
  );
  return isOfThis === true ? inForce?.parents : undefined;
}

function serviceParents({ spec }: ClusterObject): readonly ParentReference[] {
  const { parentRefs = [] } = (spec ?? {}) as { readonly parentRefs?: readonly ParentReference[] };
  return parentRefs.filter(({ group, kind }) => isService({ group, kind }));
}

function keyOf({ group, kind, namespace, name, sectionName, port }: Partial<ParentReference>): string {
  return JSON.stringify([group, kind, namespace, name, sectionName, port]);
}

/** All but when it came to be so. */
function comparable({ parentRef, conditions }: Parent): unknown {
  return [keyOf(parentRef), (conditions as readonly Condition[]).map(saying)];
}

function saying({ type, status, reason, message, observedGeneration }: Condition): unknown {
  return [type, status, reason, message, observedGeneration];
}

/** The status that a Gateway or GatewayClass which asks for this controller shall have; undefined where it has it, or does not ask. */
export function gatewayStatus(
  object: ClusterObject,
  classes: readonly ClusterObject[],
  nowIso: string,
): object | undefined {
  const isClass = object.kind === "GatewayClass";
  const wanted = isClass
    ? gatewayClassStatus(object as unknown as GatewayClass)
    : conditionsAlone(gatewayConditions(object as unknown as Gateway, classes as unknown as readonly GatewayClass[]));
  if (wanted === undefined) return undefined;
  const { conditions: has = [] } = (object.status ?? {}) as { readonly conditions?: readonly Condition[] };
  const isSaid = wanted.conditions.every((each) => {
    const known = has.find(({ type }) => type === each.type);
    return known !== undefined && JSON.stringify(saying(known)) === JSON.stringify(saying(each));
  });
  return isSaid ? undefined : { ...wanted, conditions: timed(wanted.conditions, has, nowIso) };
}

function conditionsAlone(conditions: readonly Condition[] | undefined) {
  return conditions === undefined ? undefined : { conditions };
}
