export { CLUSTER_KINDS, type ClusterKind } from "./crd/cluster-kinds.ts";
export { CONDITIONS, CONTROLLER_NAME, type ConditionType } from "./crd/status.ts";
export type {
  CorsFilter,
  GrpcFilter,
  HeaderModifier,
  HttpFilter,
  PathModifier,
  RequestMirror,
  RequestRedirect,
} from "./gateway-api/filters.ts";
export type { GrpcBackendRef, GrpcRouteMatch, GrpcRouteRule } from "./gateway-api/grpc-route.ts";
export type { HttpBackendRef, HttpRouteMatch, HttpRouteRule } from "./gateway-api/http-route.ts";
export { GATEWAY_GROUP } from "./gateway-api/metadata.ts";
export type { ReferenceGrant } from "./gateway-api/reference-grant.ts";
export type { ParentReference } from "./gateway-api/references.ts";
export { type GrpcRoute, type HttpRoute, isService, type Route } from "./gateway-api/route.ts";
export { isNearGroup, mentionsGroup } from "./group.ts";
export type { MeshConfigSpec } from "./kinds/mesh-config.ts";
export { DEFAULT_TRUST_DOMAIN, MESH_DEFAULTS } from "./kinds/mesh-config.ts";
export type { MeshServiceSpec } from "./kinds/mesh-service.ts";
export type { MeshTestSpec } from "./kinds/mesh-test.ts";
export { API_GROUP, API_VERSION, DEFAULT_NAMESPACE, ROOT_NAMESPACE } from "./kinds/metadata.ts";
export type { PolicyBindingSpec } from "./kinds/policy-binding.ts";
export { TRAFFIC_DEFAULTS, type TrafficPolicySpec } from "./kinds/traffic-policy.ts";
export type { WorkloadSpec } from "./kinds/workload.ts";
export { DOCUMENTS_MAX, type Head, type Parsed, parseResources, RESOURCE_TEXT_MAX } from "./parse.ts";
export { EXAMPLES } from "./reference/example.ts";
export { printReference, printReferenceText } from "./reference/print-reference.ts";
export {
  KINDS,
  type Kind,
  locate,
  type MeshConfig,
  type MeshService,
  type MeshTest,
  type Policy,
  type PolicyBinding,
  type PolicySource,
  type Resource,
  type TrafficPolicy,
  type Workload,
} from "./resource.ts";
export type { ResourceCode } from "./schema/code.ts";
export { type JsonSchema, printJsonSchema } from "./schema/json-schema.ts";
export { nearest } from "./schema/nearest.ts";
