export { CONTEXT_FIELDS, type ConnectionContext, type Destination } from "./connection.ts";
export type {
  AuthzDecision,
  FieldChanges,
  Fields,
  LimitDecision,
  Outcome,
  PolicyFault,
  RetryCondition,
  RetryPolicy,
  RouteDecision,
  RouteTarget,
} from "./decision/decision.ts";
export type { Json } from "./decision/shape.ts";
export { ENTRYPOINTS, type EntrypointKind, type EntrypointSpec } from "./entrypoints.ts";
export {
  type EvaluateOptions,
  type Evaluation,
  type Evaluator,
  type EvaluatorOptions,
  openEvaluator,
} from "./evaluator.ts";
export { openPolicy, type PolicyOptions, PolicyUnfit } from "./fast-policy.ts";
export type { HostBuiltin, HostBuiltins } from "./host-builtins.ts";
export { type Fault, type FaultCode, type InstanceOptions, PolicyAbort } from "./instance.ts";
export {
  META_SECTION,
  MODULE_ABI,
  type ModuleEntrypoint,
  type ModuleMeta,
  type ModuleReads,
  type RulePlace,
} from "./module-meta.ts";
export { DEFAULT_LIMITS, type Policy, type PolicyDecision, type PolicyLimits } from "./policy.ts";
export {
  CAPABILITIES,
  type Capabilities,
  type Lacking,
  lackingIn,
  type Role,
  whyWithheld,
} from "./role/capabilities.ts";
