export {
  type CaptureRules,
  CHECK_PORT,
} from "./capture/capture-rules.ts";
export { textOf } from "./http1/characters.ts";
export { FAULTS, type Fault, type FaultCode } from "./http1/fault.ts";
export { FieldEdits } from "./http1/field-edits.ts";
export { Framing, Head, TargetForm } from "./http1/head.ts";
export { headRoom, type Span, writeRequestHead, writeResponseHead } from "./http1/head-writer.ts";
export { type CodecLimits, DEFAULT_CODEC_LIMITS } from "./http1/limits.ts";
export { Method } from "./http1/method.ts";
export { ReaderEvent } from "./http1/reader-event.ts";
export { RequestReader } from "./http1/request-reader.ts";
export { ResponseReader } from "./http1/response-reader.ts";
export { Connection as Http2Connection, Http2Event } from "./http2/connection.ts";
export { ErrorCode as Http2ErrorCode } from "./http2/error-code.ts";
export { DEFAULT_HTTP2_LIMITS, type Http2Limits } from "./http2/limits.ts";
export type { Stream as Http2Stream } from "./http2/stream.ts";
export { parseSpiffeId, type SpiffeId } from "./identity/spiffe-id.ts";
export { checkPeer, type Peer, type PeerCheck, type PeerFault, type PeerRefusal } from "./identity/svid-check.ts";
export { PathNormaliser, PathOutcome } from "./path/normalise-path.ts";
export { PATH_LEVELS, type PathLevel } from "./path/path-level.ts";
export { refusedPath } from "./path/refused-path.ts";
export {
  CAPTURE_TOOLS,
  CaptureError,
  type CaptureTool,
  carryOut,
  findTool,
  planInstall,
  planUndo,
  type Step,
} from "./shell/capture/install.ts";
export { Controlled, type ControlOptions } from "./shell/control/controlled.ts";
export { IdentityError, readIdentityFolder } from "./shell/control/identity-folder.ts";
export { DEFAULT_TIMEOUTS, type DownstreamTimeouts } from "./shell/downstream/downstream-timeouts.ts";
export type { Address } from "./shell/net/listener.ts";
export type { Identity } from "./shell/net/tls.ts";
export type { SnapshotLoad } from "./shell/plane/data-plane.ts";
export { giveBackStart } from "./shell/plane/give-back.ts";
export {
  type Addresses,
  openProxy,
  type ProxyOptions,
  type ServicePort,
  type Sidecar,
  SnapshotRefused,
} from "./shell/proxy.ts";
export { SYSTEM_CLOCK } from "./shell/system-clock.ts";
