export { canonicalJson } from "./canonical-json.ts";
export { CAPTURE_EXCEPTIONS_MAX, INBOUND_PORT, OUTBOUND_PORT, PROXY_UID } from "./capture.ts";
export { cutChunks } from "./chunks.ts";
export {
  ENVELOPE_FORMAT,
  type Envelope,
  type EnvelopeContents,
  fromServiceContent,
  itemTexts,
  joinSnapshot,
  listText,
  putTogether,
  type ReadContent,
  type ServiceContent,
  splitSnapshot,
  toServiceContent,
  type WorkloadContent,
} from "./contents.ts";
export {
  chunksOf,
  decodeContent,
  digestOf,
  encodeContent,
  type HeldContents,
  joinDigests,
  type ReceivedContents,
  readContents,
  splitDigests,
} from "./delta.ts";
export { encodeControllerMessage } from "./encode-snapshot.ts";
export * from "./generated/regomesh/v1/control.ts";
export { contentHash, moduleHash, snapshotHash } from "./hashes.ts";
export {
  ANSWER_WITHIN_MS,
  isReachableBy,
  PROXY_FEATURES,
  PROXY_TRANSPORTS,
  type ProxyFeature,
  TRANSPORT_DEFAULT,
  TRANSPORTS,
  type Transport,
} from "./link.ts";
export {
  classOf,
  NACK_REASONS,
  type NackClass,
  type NackReason,
  parseNackClass,
  parseNackReason,
  type SnapshotProblem,
} from "./nack.ts";
export { CONTROLLER_SERVER_NAME, controllerId, type JoinTokenFile, snapshotSignerId } from "./names.ts";
export { PROBE_PORT, type Probe, type Probes, parseProbes, printProbes } from "./probes.ts";
export { findRevoked, indexRevoked, parseSerial, type RevokedIndex, type ShownCertificate } from "./revoked.ts";
export { readSignature, SALT_BYTES, signTogether } from "./shared-signature.ts";
export {
  type BoundEntrypoint,
  featuresOf,
  type InboundPort,
  type LocalPort,
  type Member,
  type MeshSettings,
  NOTHING_REVOKED,
  type OutboundService,
  type PolicyRef,
  type PortProtocol,
  type Revision,
  type Revoked,
  type RevokedWorkload,
  SNAPSHOT_FORMAT,
  type Snapshot,
  type TrafficSettings,
  type WorkloadSnapshot,
} from "./snapshot.ts";
export { checkSnapshot, REVOKED_MAX, revisionProblems } from "./snapshot-check.ts";
export {
  type FileEndpoint,
  makeSnapshotFile,
  parseSnapshotFile,
  printSnapshotFile,
  type SnapshotFile,
  type SnapshotModule,
} from "./snapshot-file.ts";
