/** A call of gRPC that did not end well: its status, and what was said of it. */

import { GrpcStatus } from "../../grpc/status.ts";
import { ErrorCode } from "../../http2/error-code.ts";

export class GrpcError extends Error {
  readonly code: GrpcStatus;
  /** In the other end's words. */
  readonly details: string;

  constructor(code: GrpcStatus, details: string) {
    super(`${code} ${NAMES.get(code) ?? ""}: ${details}`);
    this.code = code;
    this.details = details;
  }
}

const NAMES = new Map<number, string>(Object.entries(GrpcStatus).map(([name, code]) => [code, name]));

/** Of a stream that was reset (PROTOCOL-HTTP2.md, "Errors"). */
export function errorOfReset(code: ErrorCode): GrpcError {
  const details = `the stream was reset with ${code}`;
  switch (code) {
    case ErrorCode.refusedStream:
      return new GrpcError(GrpcStatus.unavailable, details);
    case ErrorCode.cancel:
      return new GrpcError(GrpcStatus.cancelled, details);
    case ErrorCode.enhanceYourCalm:
      return new GrpcError(GrpcStatus.resourceExhausted, details);
    case ErrorCode.inadequateSecurity:
      return new GrpcError(GrpcStatus.permissionDenied, details);
    default:
      return new GrpcError(GrpcStatus.internal, details);
  }
}
