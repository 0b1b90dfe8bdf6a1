/** `rego.parse_module`: a module's syntax tree as OPA shows it. */
import { hasErrors, printDiagnostic } from "@regomesh/base";
import { toOpaJson } from "../syntax/opa-json.ts";
import { parseModule } from "../syntax/parse.ts";

const TEXT_BYTES_MAX = 1_000_000;

export function parseModuleBuiltin(name: unknown, text: unknown): unknown {
  const [file, rego] = [expectString(name, 1), expectString(text, 2)];
  if (rego.length > TEXT_BYTES_MAX) throw new Error(`the module is longer than ${TEXT_BYTES_MAX} bytes`);
  const { module, diagnostics } = parseModule({ name: file, text: rego });
  const [fault] = diagnostics.filter(({ severity }) => severity === "error");
  if (fault !== undefined || module === undefined || hasErrors(diagnostics)) {
    throw new Error(fault === undefined ? "no module" : (printDiagnostic(fault).split("\n")[0] ?? ""));
  }
  return toOpaJson(module);
}

function expectString(value: unknown, position: number): string {
  if (typeof value === "string") return value;
  const error = new Error(`operand ${position} must be string`);
  throw Object.assign(error, { code: "eval_type_error" });
}
