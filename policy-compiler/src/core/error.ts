export type EmitErrorOptions = {
  readonly code?: EmitError["code"];
  /** Of a source that the plan names; rows and columns from 1. */
  readonly place?: { readonly file: string; readonly row: number; readonly column: number };
  readonly hint?: string;
};

/** The plan cannot become a module: it breaks the IR's rules or a limit. The planner's plans only do the latter. */
export class EmitError extends Error {
  override readonly name = "EmitError";
  readonly code: "emit_error" | "policy_too_large";
  readonly place: EmitErrorOptions["place"];
  readonly hint: string | undefined;

  constructor(message: string, options: EmitErrorOptions = {}) {
    super(message);
    this.code = options.code ?? "emit_error";
    this.place = options.place;
    this.hint = options.hint;
  }
}
