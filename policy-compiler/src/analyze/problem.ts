/** Diagnostics of analysis, in OPA's codes. */
import type { Diagnostic, Location } from "@regomesh/base";

export type AnalysisCode =
  | "rego_compile_error"
  | "rego_type_error"
  | "rego_unsafe_var_error"
  | "rego_recursion_error"
  | "rego_parse_error";

export function makeProblem(code: AnalysisCode, at: Location, message: string, hint?: string): Diagnostic {
  return { code, severity: "error", message, at, ...(hint === undefined ? {} : { hint }) };
}
