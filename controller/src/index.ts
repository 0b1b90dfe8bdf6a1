export type {
  BoundPolicyBody,
  DecisionBody,
  DecisionsBody,
  EdgeBody,
  EndpointBody,
  FailedTestBody,
  GraphBody,
  HistoryBody,
  HistoryPoint,
  NodeBody,
  ProxyBody,
  ProxyRefusalBody,
  RefusalBody,
  RefusedBody,
  ResourceBody,
  ResourcesBody,
  RevisionBody,
  RuleBody,
  ShadowBody,
  ShadowDifferenceBody,
  SourceBody,
  StatusBody,
} from "./api/bodies.ts";
export { ALL_RIGHTS, type PathRight, parseRight, printRight, type SourceRights } from "./index/rights.ts";
export { checkSource, type SourceCheck } from "./shell/check-source.ts";
export { type Controller, ControllerFailed, type ControllerOptions, openController } from "./shell/controller.ts";
export { SYSTEM_CLOCK } from "./shell/system-clock.ts";
