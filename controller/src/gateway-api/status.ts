/** What a route's status says: of each parent that is a service, whether the route holds there and whether its references do. */
import { CONTROLLER_NAME, type ParentReference, type Route } from "@regomesh/resources";
import type { Attachment, Services } from "./attach.ts";
import { type Condition, condition } from "./condition.ts";
import { unresolvedOf } from "./references.ts";

export type RouteParentStatus = {
  /** As the route has it, so that whoever wrote it finds it again. */
  readonly parentRef: ParentReference;
  readonly controllerName: string;
  readonly conditions: readonly Condition[];
};

/** `status.parents` of a route, this controller's entries; parents that are none of ours are left to theirs. */
export function routeStatus(
  route: Route,
  attachments: readonly Attachment[],
  services: Services,
): readonly RouteParentStatus[] {
  const resolved = referencesCondition(route, services);
  return attachments
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
}

function referencesCondition(route: Route, services: Services): Condition {
  const { generation } = route.metadata;
  const [first, ...others] = unresolvedOf(route, services);
  if (first === undefined)
    return condition("ResolvedRefs", true, "ResolvedRefs", "every reference is found", generation);
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return condition("ResolvedRefs", false, first.reason, `${first.path}: ${first.message}${more}`, generation);
}
