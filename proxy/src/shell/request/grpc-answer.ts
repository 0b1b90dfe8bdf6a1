/** A response of the mesh as a client of gRPC hears it: trailers alone, on HTTP's 200. */
import type { Fields } from "@regomesh/policy-runtime";
import type { Reason } from "../../filter/reason.ts";
import { rescue } from "../../filter/rescue.ts";
import { encodeMessage } from "../../grpc/message-text.ts";
import { type GrpcStatus, grpcStatusOf } from "../../grpc/status.ts";
import { encodeStatusDetails } from "../../grpc/status-details.ts";
import { variableOf } from "../../http1/field-edits.ts";
import type { Answer } from "./answer.ts";

const CONTENT = new Set(["content-type", "content-encoding", "content-language"]);

/** The status that is said; undefined where the answer is one that HTTP calls a success, and stays as it is. */
export function statusOfAnswer({ status, fields }: Answer, reason: Reason | ""): GrpcStatus | undefined {
  if (status < 300 || fields.some(([name]) => variableOf(name) === "grpc-status")) return undefined;
  return grpcStatusOf(status, reason);
}

/** The answer as trailers alone. What a policy says in its own body is the message. */
export function toGrpcAnswer(answer: Answer, code: GrpcStatus, reason: Reason | "", decision: string): Answer {
  const isOurs = answer.fields.some(
    ([name, value]) => variableOf(name) === "content-type" && value === "application/json",
  );
  const message = reason !== "" && (isOurs || answer.body === "") ? rescue(reason).message : answer.body.trim();
  const others = answer.fields.filter(([name]) => !CONTENT.has(variableOf(name)));
  const wait = Number(others.find(([name]) => variableOf(name) === "retry-after")?.[1]);
  const details = encodeStatusDetails({
    code,
    message,
    reason: reason === "" ? "answered" : reason,
    metadata: { ...(decision === "" ? {} : { decision }), ...answer.explanation },
    retryAfterSeconds: Number.isInteger(wait) ? wait : undefined,
  });
  const fields: Fields = [
    ["content-type", "application/grpc"],
    ["grpc-status", String(code)],
    ["grpc-message", encodeMessage(message)],
    ["grpc-status-details-bin", details],
    ...others,
  ];
  return { status: 200, fields, body: "" };
}
