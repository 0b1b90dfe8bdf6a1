import type { Diagnostic, Source, Span } from "@regomesh/base";

const START: Span = { start: 0, end: 0 };

/** What a unit's data and manifest are refused for. */
export function makeDataError(source: Source, message: string, hint?: string, span = START): Diagnostic {
  const fault = { code: "data_error", severity: "error", message, at: { source, span } } as const;
  return hint === undefined ? fault : { ...fault, hint };
}
