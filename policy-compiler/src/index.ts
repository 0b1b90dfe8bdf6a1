export { EmitError } from "./emit/error.ts";
export { emitModule, type ModuleSource } from "./emit/module.ts";
export { hasBuiltin } from "./emit/runtime-calls.ts";
export type { IrPolicy } from "./ir/policy.ts";
export { parseRuntime, type RuntimeModule } from "./link/runtime-module.ts";
export type * from "./syntax/ast.ts";
export { type ParsedModule, type ParsedQuery, parseModule, parseQuery } from "./syntax/parse.ts";
