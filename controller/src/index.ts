export type { DecisionBody, DecisionsBody, RuleBody, ShadowDifferenceBody } from "./api/decisions.ts";
export type {
  AskedBody,
  ExplainBody,
  ExplainedBody,
  ExplainRequest,
  LinesBody,
  RuleOutcomeBody,
  StageBody,
} from "./api/explain.ts";
export type {
  BoundPolicyBody,
  EdgeBody,
  EndpointBody,
  GraphBody,
  HistoryBody,
  HistoryPoint,
  NodeBody,
} from "./api/graph.ts";
export type { IdentitiesBody, TokenBody } from "./api/identities.ts";
export type { ProxyBody, ProxyRefusalBody, RefusalBody } from "./api/proxies.ts";
export type { FailedTestBody, InputBody, PinBody, RefusedBody, RevisionBody, VerdictBody } from "./api/releases.ts";
export type { ResourceBody, ResourcesBody } from "./api/resources.ts";
export { refusedOf, type SourceBody, type SourceStateBody, type SourceTroubleBody } from "./api/sources.ts";
export type { ShadowBody, StatusBody } from "./api/status.ts";
export { type Attachment, attachRoutes, type Services } from "./gateway-api/attach.ts";
export type { Condition } from "./gateway-api/condition.ts";
export { SUPPORTED_FEATURES } from "./gateway-api/features.ts";
export { type Gateway, type GatewayClass, gatewayClassStatus, gatewayConditions } from "./gateway-api/gateway.ts";
export { type RouteParentStatus, routeStatus } from "./gateway-api/status.ts";
export { credentialFor, parsePlace, parsePrefix, type RepositoryPlace } from "./git/remote.ts";
export { ALL_RIGHTS, type PathRight, parseRight, printRight, type SourceRights } from "./index/rights.ts";
export { type ClusterObject, objectKey } from "./kubernetes/cluster-object.ts";
export { toInjection } from "./kubernetes/injection.ts";
export { isMeshPod } from "./kubernetes/mesh-objects.ts";
export { WATCHED } from "./kubernetes/watched.ts";
export type { MeshTestResult } from "./rehearse/mesh-tests.ts";
export type { UidRight } from "./shell/ca/unix-attestor.ts";
export { CLUSTER_CODES, type ClusterCheck, checkCluster } from "./shell/check-cluster.ts";
export { checkSource, type SourceCheck, testMeshOf } from "./shell/check-source.ts";
export { type Controller, openController } from "./shell/controller.ts";
export { ControllerFailed } from "./shell/controller-failed.ts";
export type { ControllerOptions } from "./shell/controller-options.ts";
export { FETCH_EVERY_MS } from "./shell/git/mirror.ts";
export { ClusterReader } from "./shell/kubernetes/cluster-reader.ts";
export { type Against, StandingError } from "./shell/standing.ts";
export { SYSTEM_CLOCK } from "./shell/system-clock.ts";
export { ROOT_SOURCE } from "./sources/source.ts";
export { parseTarget, type TellTarget } from "./telling/target.ts";
