/** What of a route does not hold, or leads nowhere: the Gateway API says what becomes of such requests, so that it is a warning. */
import type { Route } from "@regomesh/resources";
import type { Attachment } from "../gateway-api/attach.ts";
import { ROUTES_CHARACTERS_MAX } from "../gateway-api/budget.ts";
import type { Expression } from "../gateway-api/expressions.ts";
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

/** What would match nothing, or more than it says, is refused: a request that it was to hold back would go on. */
export function reportExpressions(wrong: readonly Expression[], report: Report): void {
  for (const { route, path, text } of wrong) {
    const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
    report(
      route,
      path,
      "route_expression",
      `${JSON.stringify(shown)} is no expression of RE2, or a larger one than it takes`,
      {
        hint: "RE2 has neither look-around nor back-references: github.com/google/re2/wiki/Syntax",
      },
    );
  }
}

/** Theirs alone: what others' routes say stays as it is. */
export function reportLengths(beyond: readonly Route[], report: Report): void {
  for (const route of beyond) {
    const { namespace } = route.metadata;
    const message = `the routes of all namespaces are longer than ${ROUTES_CHARACTERS_MAX} characters of Rego, and those of ${namespace} than its share`;
    report(route, "spec.rules", "route_length", message, { hint: "say less in the routes of this namespace" });
  }
}

/** Of an expression, in a message. */
const SHOWN_MAX = 100;
