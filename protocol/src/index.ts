export * from "./generated/regomesh/v1/control.ts";
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
