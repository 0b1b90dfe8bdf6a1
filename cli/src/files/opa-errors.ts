/** Errors as opa prints them with `--format json`: places inside a location. */
import type { DiagnosticRecord } from "@regomesh/base";

export type OpaError = {
  readonly message: string;
  readonly code: string;
  readonly location: { readonly file: string; readonly row: number; readonly col: number };
  readonly hint?: string;
};

export function toOpaError({ message, code, file, row, column, hint }: DiagnosticRecord): OpaError {
  return { message, code, location: { file, row, col: column }, ...(hint === undefined ? {} : { hint }) };
}
