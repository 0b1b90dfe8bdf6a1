/** Operands of the host's built-ins. A type fault carries the code that OPA gives it. */
import { isRawJson, numberOf } from "../exact-json.ts";

/** Ends as `eval_type_error` in strict mode. */
export class OperandError extends Error {
  override readonly name = "OperandError";
  readonly code = "eval_type_error";
}

export function expectString(value: unknown, position: number): string {
  if (typeof value === "string") return value;
  throw new OperandError(`operand ${position} must be string but got ${kindOf(value)}`);
}

export function expectObject(value: unknown, position: number): { readonly [key: string]: unknown } {
  if (kindOf(value) === "object") return value as { readonly [key: string]: unknown };
  throw new OperandError(`operand ${position} must be object but got ${kindOf(value)}`);
}

export function expectNumber(value: unknown, position: number): number {
  const number = numberOf(value);
  if (number !== undefined) return number;
  throw new OperandError(`operand ${position} must be number but got ${kindOf(value)}`);
}

export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (isRawJson(value)) return "number";
  return Array.isArray(value) ? "array" : typeof value;
}

/** What text from a request may be at most, so that no token or certificate keeps the thread busy. */
export function expectSize(text: string, bytesMax: number, what: string): string {
  if (text.length > bytesMax) throw new Error(`${what} is longer than ${bytesMax} bytes`);
  return text;
}
