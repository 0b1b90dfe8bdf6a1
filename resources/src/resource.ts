/** A resource as it was written: kind, metadata, spec with every default, and where each value stands. */
import type { Location, Source, Span } from "@regomesh/base";
import { type MeshConfigSpec, meshConfigSpec } from "./kinds/mesh-config.ts";
import { type MeshServiceSpec, meshServiceSpec } from "./kinds/mesh-service.ts";
import { type ClusterMetadata, clusterMetadata, type Metadata, metadata, serviceMetadata } from "./kinds/metadata.ts";
import { type PolicyBindingSpec, policyBindingSpec } from "./kinds/policy-binding.ts";
import { type TrafficPolicySpec, trafficPolicySpec } from "./kinds/traffic-policy.ts";
import { type WorkloadSpec, workloadSpec } from "./kinds/workload.ts";
import { object, required } from "./schema/composite.ts";
import { text } from "./schema/schema.ts";

export type MeshConfig = Written & {
  readonly kind: "MeshConfig";
  readonly metadata: ClusterMetadata;
  readonly spec: MeshConfigSpec;
};
export type MeshService = Written & {
  readonly kind: "MeshService";
  readonly metadata: Metadata;
  readonly spec: MeshServiceSpec;
};
export type Workload = Written & {
  readonly kind: "Workload";
  readonly metadata: Metadata;
  readonly spec: WorkloadSpec;
};
export type PolicyBinding = Written & {
  readonly kind: "PolicyBinding";
  readonly metadata: Metadata;
  readonly spec: PolicyBindingSpec;
};
export type TrafficPolicy = Written & {
  readonly kind: "TrafficPolicy";
  readonly metadata: Metadata;
  readonly spec: TrafficPolicySpec;
};

export type Resource = MeshConfig | MeshService | Workload | PolicyBinding | TrafficPolicy;
export type Kind = Resource["kind"];

/** Where a resource stands in its file. */
export type Written = {
  readonly source: Source;
  /** Spans by path (`spec.unit`); "" is the whole document. */
  readonly spans: ReadonlyMap<string, Span>;
};

const apiVersion = required(text({}), "regomesh.dev/v1alpha1");
const kind = required(text({}), "one of the mesh's kinds");

/** Every kind, with the schema of its whole document. */
export const KINDS = {
  MeshConfig: object({
    apiVersion,
    kind,
    metadata: required(clusterMetadata, "name"),
    spec: required(meshConfigSpec, "settings"),
  }),
  MeshService: object({
    apiVersion,
    kind,
    metadata: required(serviceMetadata, "name"),
    spec: required(meshServiceSpec, "ports"),
  }),
  Workload: object({ apiVersion, kind, metadata: required(metadata, "name"), spec: required(workloadSpec, "service") }),
  PolicyBinding: object({
    apiVersion,
    kind,
    metadata: required(metadata, "name"),
    spec: required(policyBindingSpec, "unit"),
  }),
  TrafficPolicy: object({
    apiVersion,
    kind,
    metadata: required(metadata, "name"),
    spec: required(trafficPolicySpec, "services"),
  }),
} as const satisfies Record<Kind, unknown>;

/** The place of the value at a path, or of the nearest thing around it that was written. */
export function locate(resource: Written, path: string): Location {
  for (let at = path; ; at = at.replace(/(\[\d+\]|(^|\.)[^.[\]]+)$/, "")) {
    const span = resource.spans.get(at);
    if (span !== undefined) return { source: resource.source, span };
    if (at === "") return { source: resource.source, span: { start: 0, end: 0 } };
  }
}
