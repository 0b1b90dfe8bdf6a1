export { canonicalJson } from "./canonical-json.ts";
export * from "./generated/regomesh/v1/control.ts";
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
  parseNackReason,
  type SnapshotProblem,
} from "./nack.ts";
export { CONTROLLER_SERVER_NAME, controllerId, type JoinTokenFile, snapshotSignerId } from "./names.ts";
export {
  type BoundEntrypoint,
  type InboundPort,
  type MeshSettings,
  type OutboundService,
  type PolicyRef,
  type Revision,
  SNAPSHOT_FORMAT,
  type Snapshot,
  type TrafficSettings,
  type WorkloadSnapshot,
} from "./snapshot.ts";
export { checkSnapshot } from "./snapshot-check.ts";
export {
  type FileEndpoint,
  makeSnapshotFile,
  moduleHash,
  parseSnapshotFile,
  printSnapshotFile,
  type SnapshotFile,
  type SnapshotModule,
  snapshotHash,
} from "./snapshot-file.ts";
