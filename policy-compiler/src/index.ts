export { type Analysis, type AnalyzeOptions, analyze } from "./analyze/analyze.ts";
export { type AnalyzeQueryOptions, analyzeQuery, type QueryAnalysis } from "./analyze/analyze-query.ts";
export type { Declaration, DeclaredType } from "./builtins/declaration.ts";
export { makeOwnBuiltins, type OwnBuiltin, type OwnBuiltins } from "./builtins/own-builtins.ts";
export type { BuiltinSignature } from "./builtins/signature.ts";
export { BUILTINS, type BuiltinSignatures, makeSignatures } from "./builtins/table.ts";
export {
  type Capabilities,
  capabilitiesOfVersion,
  parseCapabilities,
  V0_LANGUAGE,
} from "./capabilities/capabilities.ts";
export { printCapabilities } from "./capabilities/print-capabilities.ts";
export {
  COMPILER,
  type Compiled,
  type CompiledModule,
  type CompileRequest,
  checkOffered,
  checkUnit,
  compile,
  compileQuery,
  findSlowPaths,
  type Planned,
  planQueryRequest,
  planRequest,
  type QueryRequest,
} from "./compile.ts";
export { EmitError } from "./core/error.ts";
export { emitModule, type ModuleSource } from "./emit/module.ts";
export type { Entrypoint } from "./entrypoint.ts";
export { explainRules, type FailedExpression, type RuleOutcome, type RulesRequest } from "./explain/rules.ts";
export { type FormatOptions, type Formatted, formatModule } from "./format/format.ts";
export { type Interpretation, type InterpretOptions, interpret } from "./interpret/interpret.ts";
export { parseValue as parseTerm, printJson as printTermJson, printValue as printTerm } from "./interpret/text.ts";
export type { Value as RegoValue } from "./interpret/value.ts";
export { readBaseDocuments } from "./ir/base-reads.ts";
export type { IrPolicy } from "./ir/policy.ts";
export { parseRuntime, type RuntimeModule } from "./link/runtime-module.ts";
export { PASS_NAMES, type PassName } from "./optimize/passes.ts";
export { printBuiltins } from "./reference/print-built-ins.ts";
export type * from "./syntax/ast.ts";
export { type ParsedModule, type ParsedQuery, parseModule, parseQuery } from "./syntax/parse.ts";
export { readTokens } from "./syntax/read-tokens.ts";
export type { Language, RegoSource, RegoVersion } from "./syntax/version.ts";
export { printDuration, printTests } from "./tester/print.ts";
export {
  countTests,
  type TestCaseResult,
  type TestCounts,
  type TestFailure,
  type TestOutcome,
  type TestReport,
  type TestResult,
} from "./tester/report.ts";
export { runTests, type TestRequest } from "./tester/run.ts";
export type { Schemas } from "./types/schemas.ts";
export { isJsonObject, type JsonObject, type JsonValue, parseJson } from "./unit/json.ts";
export { findNumberTooBig } from "./unit/number-range.ts";
export { type BundleRoots, checkBundles } from "./unit/roots.ts";
export { type MadeUnit, type TestedUnit, toUnit, type Unit, type UnitFiles } from "./unit/unit.ts";
