/** `mesh/authz/allow`: a boolean, or opa-envoy-plugin's object (its README, "Output Document"). */
import type { AuthzDecision } from "./decision.ts";
import {
  booleanOf,
  fieldNamesOf,
  fieldsOf,
  integerOf,
  type Json,
  objectOf,
  parametersOf,
  textOf,
  textsOf,
} from "./shape.ts";

const FIELDS = [
  "allowed",
  "headers",
  "body",
  "http_status",
  "response_headers_to_add",
  "request_headers_to_remove",
  "query_parameters_to_set",
  "query_parameters_to_remove",
  "dynamic_metadata",
] as const;

/** Fields that frame or route the message: a policy never touches them. */
const KEPT = new Set(["host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade"]);

export const ALLOWED: AuthzDecision = plain(true);
export const DENIED: AuthzDecision = plain(false);

function plain(allowed: boolean): AuthzDecision {
  return {
    allowed,
    headers: [],
    responseHeadersToAdd: [],
    requestHeadersToRemove: [],
    queryParametersToSet: [],
    queryParametersToRemove: [],
    body: undefined,
    httpStatus: 403,
    dynamicMetadata: undefined,
  };
}

/** Throws WrongType. */
export function toAuthzDecision(value: Json): AuthzDecision {
  if (typeof value === "boolean") return value ? ALLOWED : DENIED;
  const object = objectOf(value, "the decision", FIELDS);
  const get = <T>(field: (typeof FIELDS)[number], read: (value: Json, what: string) => T, absent: T): T =>
    object[field] === undefined ? absent : read(object[field], field);
  return {
    allowed: booleanOf(object["allowed"], "allowed"),
    headers: get("headers", fieldsOf, []).filter(([name]) => !KEPT.has(name)),
    responseHeadersToAdd: get("response_headers_to_add", fieldsOf, []).filter(([name]) => !KEPT.has(name)),
    requestHeadersToRemove: get("request_headers_to_remove", fieldNamesOf, []).filter((name) => !KEPT.has(name)),
    queryParametersToSet: get("query_parameters_to_set", parametersOf, []),
    queryParametersToRemove: get("query_parameters_to_remove", textsOf, []),
    body: get<string | undefined>("body", textOf, undefined),
    // 1xx and 101 would leave the client waiting.
    httpStatus: get("http_status", (status, what) => integerOf(status, what, 200, 599), 403),
    dynamicMetadata: object["dynamic_metadata"],
  };
}
