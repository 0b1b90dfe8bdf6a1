/** A resource as it was written: kind, metadata, spec with every default, and where each value stands. */
import type { Location, Source, Span } from "@regomesh/base";
import { z } from "zod";
import type { ReferenceGrant } from "./gateway-api/reference-grant.ts";
import type { Route } from "./gateway-api/route.ts";
import { type MeshConfigSpec, meshConfigSpec } from "./kinds/mesh-config.ts";
import { type MeshServiceSpec, meshServiceSpec } from "./kinds/mesh-service.ts";
import { type MeshTestSpec, meshTestSpec } from "./kinds/mesh-test.ts";
import {
  type ClusterMetadata,
  clusterMetadata,
  type Metadata,
  metadata,
  policySourceMetadata,
  serviceMetadata,
} from "./kinds/metadata.ts";
import { type PolicySpec, policySpec } from "./kinds/policy.ts";
import { type PolicyBindingSpec, policyBindingSpec } from "./kinds/policy-binding.ts";
import { type PolicySourceSpec, policySourceSpec } from "./kinds/policy-source.ts";
import { type TrafficPolicySpec, trafficPolicySpec } from "./kinds/traffic-policy.ts";
import { type WorkloadSpec, workloadSpec } from "./kinds/workload.ts";
import { text } from "./schema/values.ts";

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
export type Policy = Written & {
  readonly kind: "Policy";
  readonly metadata: Metadata;
  readonly spec: PolicySpec;
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

export type MeshTest = Written & {
  readonly kind: "MeshTest";
  readonly metadata: Metadata;
  readonly spec: MeshTestSpec;
};

export type PolicySource = Written & {
  readonly kind: "PolicySource";
  readonly metadata: Metadata;
  readonly spec: PolicySourceSpec;
};

/** Kinds of the mesh's own group. */
export type MeshResource =
  | MeshConfig
  | MeshService
  | Workload
  | Policy
  | PolicyBinding
  | TrafficPolicy
  | MeshTest
  | PolicySource;
export type Kind = MeshResource["kind"];
export type Resource = MeshResource | Route | ReferenceGrant;

/** Where a resource stands in its file. */
export type Written = {
  readonly source: Source;
  /** Spans by path (`spec.unit`); "" is the whole document. */
  readonly spans: ReadonlyMap<string, Span>;
};

const document = <M extends z.ZodType, S extends z.ZodType>(metadata: M, spec: S) =>
  z.strictObject({
    apiVersion: text({}).describe("regomesh.dev/v1alpha1"),
    kind: text({}).describe("one of the mesh's kinds"),
    metadata: metadata.describe("name"),
    spec: spec.describe("what is wanted"),
  });

/** Every kind, with the schema of its whole document. */
export const KINDS = {
  MeshConfig: document(clusterMetadata, meshConfigSpec),
  MeshService: document(serviceMetadata, meshServiceSpec),
  Workload: document(metadata, workloadSpec),
  Policy: document(metadata, policySpec),
  PolicyBinding: document(metadata, policyBindingSpec),
  TrafficPolicy: document(metadata, trafficPolicySpec),
  MeshTest: document(metadata, meshTestSpec),
  PolicySource: document(policySourceMetadata, policySourceSpec),
} as const satisfies Record<Kind, z.ZodType>;

/** The place of the value at a path, or of the nearest thing around it that was written. */
export function locate(resource: Written, path: string): Location {
  for (let at = path; ; at = at.replace(/(\[\d+\]|(^|\.)[^.[\]]+)$/, "")) {
    const span = resource.spans.get(at);
    if (span !== undefined) return { source: resource.source, span };
    if (at === "") return { source: resource.source, span: { start: 0, end: 0 } };
  }
}
