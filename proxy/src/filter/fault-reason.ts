/** What a fault of the codec is called in responses, logs and metrics. */
import type { Fault } from "../http1/fault.ts";
import type { ProtocolReason } from "./reason.ts";

const BY_STATUS: Readonly<Record<number, ProtocolReason>> = {
  400: "bad_request",
  413: "content_too_large",
  414: "target_too_long",
  417: "expectation_failed",
  431: "fields_too_large",
  501: "not_implemented",
  505: "version_not_supported",
};

export function faultReason(fault: Fault): ProtocolReason {
  return BY_STATUS[fault.status] ?? "bad_request";
}
