/** What a route's status says: of each parent that is a service, whether the route holds there and whether its references do. */
import { CONTROLLER_NAME, type ParentReference, type Route } from "@regomesh/resources";
import type { Attachment } from "./attach.ts";
import { type Condition, condition } from "./condition.ts";
import { type Targets, unresolvedOf } from "./references.ts";

export type RouteParentStatus = {
  /** As the route has it, so that whoever wrote it finds it again. */
  readonly parentRef: ParentReference;
  readonly controllerName: string;
  readonly conditions: readonly Condition[];
};

export type RouteStatus = {
  readonly kind: Route["kind"];
  readonly namespace: string;
  readonly name: string;
  readonly parents: readonly RouteParentStatus[];
};

/** `status.parents` of a route, this controller's entries; parents that are none of ours are left to theirs. */
export function routeStatus(route: Route, attachments: readonly Attachment[], targets: Targets): RouteStatus {
  const resolved = referencesCondition(route, targets);
  const parents = attachments
    .filter((attachment) => attachment.route === route)
    .map(({ parent, refusal, service, ports }) => ({
      parentRef: parent,
      controllerName: CONTROLLER_NAME,
      conditions: [
        condition(
          "Accepted",
          refusal === undefined,
          refusal?.reason ?? "Accepted",
          refusal?.message ?? `holds for ${service}, port ${ports.join(", ")}`,
          route.metadata.generation,
        ),
        resolved,
      ],
    }));
  const { namespace, name } = route.metadata;
  return { kind: route.kind, namespace, name, parents };
}

function referencesCondition(route: Route, targets: Targets): Condition {
  const { generation } = route.metadata;
  const [first, ...others] = unresolvedOf(route, targets);
  if (first === undefined)
    return condition("ResolvedRefs", true, "ResolvedRefs", "every reference is found", generation);
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return condition("ResolvedRefs", false, first.reason, `${first.path}: ${first.message}${more}`, generation);
}
