/**
 * Statuses of gRPC (grpc/doc/statuscodes.md), and what the mesh's own answers are among them. A client of
 * gRPC looks at no HTTP status but 200: what is refused by another is a failure of the transport to it.
 */
import type { Reason } from "../filter/reason.ts";

export const GrpcStatus = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;
export type GrpcStatus = (typeof GrpcStatus)[keyof typeof GrpcStatus];

/** As clients take a response without a status of gRPC (grpc/doc/http-grpc-status-mapping.md), and what that page leaves out. */
const OF_HTTP: Readonly<Record<number, GrpcStatus>> = {
  400: GrpcStatus.internal,
  401: GrpcStatus.unauthenticated,
  403: GrpcStatus.permissionDenied,
  404: GrpcStatus.unimplemented,
  408: GrpcStatus.deadlineExceeded,
  413: GrpcStatus.resourceExhausted,
  429: GrpcStatus.resourceExhausted,
  431: GrpcStatus.resourceExhausted,
  499: GrpcStatus.cancelled,
  500: GrpcStatus.internal,
  501: GrpcStatus.unimplemented,
  502: GrpcStatus.unavailable,
  503: GrpcStatus.unavailable,
  504: GrpcStatus.deadlineExceeded,
};

/** Where the reason says more than its HTTP status: a client may ask again of what is not there now. */
const OF_REASON: { readonly [R in Reason]?: GrpcStatus } = { no_such_service: GrpcStatus.unavailable };

/** Of a response of the mesh with this HTTP status. */
export function grpcStatusOf(status: number, reason: Reason | ""): GrpcStatus {
  const byReason = reason === "" || status < 400 ? undefined : OF_REASON[reason];
  return byReason ?? OF_HTTP[status] ?? GrpcStatus.unknown;
}

/** The HTTP status whose failure a status of gRPC is, by which tries, breakers and metrics go; 200 where it is none of a server. */
const AS_HTTP: { readonly [S in GrpcStatus]?: number } = {
  [GrpcStatus.unknown]: 500,
  [GrpcStatus.internal]: 500,
  [GrpcStatus.dataLoss]: 500,
  [GrpcStatus.unimplemented]: 501,
  [GrpcStatus.unavailable]: 503,
  [GrpcStatus.deadlineExceeded]: 504,
};

export function asHttpStatus(status: number): number {
  return AS_HTTP[status as GrpcStatus] ?? 200;
}
