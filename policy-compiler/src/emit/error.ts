/** The plan cannot become a module: it breaks the IR's rules or a limit of WebAssembly. The planner's plans never do. */
export class EmitError extends Error {
  override readonly name = "EmitError";
  readonly code = "emit_error";
}
