/** What a gRPC caller is told when its call cannot be served. */
import { type Metadata, status } from "@grpc/grpc-js";

const CODES = {
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  invalid: status.INVALID_ARGUMENT,
  unfit: status.FAILED_PRECONDITION,
  late: status.DEADLINE_EXCEEDED,
  exhausted: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  internal: status.INTERNAL,
} as const;

export type Failure = Error & { code: status; details: string; metadata?: Metadata };

export function makeFailure(kind: keyof typeof CODES, message: string): Failure {
  return Object.assign(new Error(message), { code: CODES[kind], details: message });
}
