/** `mesh/authz/allow`: a boolean, or opa-envoy-plugin's object (its README, "Output Document"). */
import type { RecordReader } from "../layout/record-reader.ts";
import { AUTHZ } from "../layout/record-shape.ts";
import type { AuthzDecision, Fields } from "./decision.ts";
import { fieldNamesAt, fieldsAt, integerAt, pairsAt, required, textsAt } from "./read-values.ts";

/** 1xx and 101 would leave the client waiting. */
const STATUS = [200, 599] as const;

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

/** Reads the record behind the cell. Throws WrongType. */
export function readAuthz(reader: RecordReader, cell: number): AuthzDecision {
  const at = required(reader.record(cell, "the decision", AUTHZ), "the decision", "an object");
  return {
    allowed: required(reader.flag(at + AUTHZ.at.allowed, "allowed"), "allowed", "a boolean"),
    headers: allowedFields(fieldsAt(reader, at + AUTHZ.at.headers, "headers")),
    responseHeadersToAdd: allowedFields(
      fieldsAt(reader, at + AUTHZ.at.response_headers_to_add, "response_headers_to_add"),
    ),
    requestHeadersToRemove: (
      fieldNamesAt(reader, at + AUTHZ.at.request_headers_to_remove, "request_headers_to_remove") ?? []
    ).filter((name) => !KEPT.has(name)),
    queryParametersToSet: pairsAt(reader, at + AUTHZ.at.query_parameters_to_set, "query_parameters_to_set") ?? [],
    queryParametersToRemove:
      textsAt(reader, at + AUTHZ.at.query_parameters_to_remove, "query_parameters_to_remove") ?? [],
    body: reader.text(at + AUTHZ.at.body, "body"),
    httpStatus: integerAt(reader, at + AUTHZ.at.http_status, "http_status", STATUS) ?? 403,
    dynamicMetadata: reader.object(at + AUTHZ.at.dynamic_metadata, "dynamic_metadata"),
  };
}

function allowedFields(fields: Fields = []): Fields {
  return fields.filter(([name]) => !KEPT.has(name));
}
