export { CONTEXT_FIELDS, type ConnectionContext, type Destination } from "./connection.ts";
export { changePath, changesPath } from "./decision/change-path.ts";
export type {
  AuthzDecision,
  FieldChanges,
  Fields,
  LimitDecision,
  Outcome,
  PolicyFault,
  RetryCondition,
  RetryPolicy,
  RouteActions,
  RouteDecision,
  RouteMirror,
  RouteRedirect,
  RouteRewrite,
  RouteTarget,
} from "./decision/decision.ts";
export { ENTRYPOINTS, type EntrypointKind, type EntrypointSpec } from "./entrypoints.ts";
export {
  type EvaluateOptions,
  type Evaluation,
  type Evaluator,
  type EvaluatorOptions,
  openEvaluator,
} from "./evaluator.ts";
export { openFromImage, openImaged, openPolicy, type PolicyOptions, PolicyUnfit } from "./fast-policy.ts";
export { type HostBuiltin, type HostBuiltins, RegoTerm } from "./host-builtins.ts";
export { GLOBAL_PREFIX, type PolicyImage } from "./image.ts";
export { type Fault, type FaultCode, type InstanceOptions, PolicyAbort } from "./instance.ts";
export type { Json } from "./json.ts";
export { Answer, AnswerState, ENTRYPOINTS_MAX, REQUEST_ID_BYTES_MAX } from "./layout/answer.ts";
export { FIELDS_MAX, HeadRow, HeadStart, HeadTable, PROTOCOL_BYTES, toHeadTable } from "./layout/head-table.ts";
export { KNOWN_FIELDS, KnownField } from "./layout/known-field.ts";
export {
  CELL_BYTES,
  CellType,
  type Field,
  NUMBER_ABSENT,
  NUMBER_WRONG,
  packShapes,
  ROOTS,
  type Shape,
  WRONG,
} from "./layout/record-shape.ts";
export { RequestId } from "./layout/request-id.ts";
export { StringCell, ValueKind } from "./layout/value-kind.ts";
export {
  META_SECTION,
  MODULE_ABI,
  type ModuleEntrypoint,
  type ModuleMeta,
  type ModuleReads,
  type RulePlace,
} from "./module-meta.ts";
export type { EvaluationClock } from "./overrun.ts";
export { adaptImplementation, type OwnImplementation } from "./own-implementation.ts";
export { OWN_NAMES } from "./own-names.ts";
export { DEFAULT_LIMITS, type Policy, type PolicyDecision, type PolicyLimits } from "./policy.ts";
export { openRenewingPolicy, type RenewingOptions } from "./renewing-policy.ts";
export {
  CAPABILITIES,
  type Capabilities,
  type Lacking,
  lackingIn,
  type Role,
  whyWithheld,
} from "./role/capabilities.ts";
export { HOST_BUILTINS, type HostBuiltinRow } from "./role/host-builtins.ts";
