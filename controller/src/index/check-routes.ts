/** What of a route does not hold, or leads nowhere: the Gateway API says what becomes of such requests, so that it is a warning. */
import type { Attachment } from "../gateway-api/attach.ts";
import { type Targets, unresolvedOf } from "../gateway-api/references.ts";
import type { MeshIndex } from "./mesh-index.ts";
import type { Report } from "./report.ts";

export function checkRoutes(
  index: MeshIndex,
  attachments: readonly Attachment[],
  targets: Targets,
  report: Report,
): void {
  for (const { route, at, refusal } of attachments) {
    if (refusal === undefined) continue;
    report(route, `spec.parentRefs[${at}]`, "route_parent", refusal.message, {
      severity: "warning",
      hint: "the route does not hold for this parent",
    });
  }
  for (const route of index.routes) {
    for (const { path, message } of unresolvedOf(route, targets)) {
      report(route, path, "route_reference", message, {
        severity: "warning",
        hint: path.endsWith("requestMirror.backendRef") ? "no copies are sent" : "requests that it is for get 500",
      });
    }
  }
}
