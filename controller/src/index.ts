export type {
  BoundPolicyBody,
  DecisionBody,
  DecisionsBody,
  EdgeBody,
  EndpointBody,
  FailedTestBody,
  GraphBody,
  HistoryPoint,
  NodeBody,
  ProxyBody,
  ProxyRefusalBody,
  RefusalBody,
  RefusedBody,
  RevisionBody,
  RuleBody,
  StatusBody,
} from "./api/bodies.ts";
export { checkSource, type SourceCheck } from "./shell/check-source.ts";
export { type Controller, ControllerFailed, type ControllerOptions, openController } from "./shell/controller.ts";
export { SYSTEM_CLOCK } from "./shell/system-clock.ts";
