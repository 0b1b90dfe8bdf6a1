/** What stops a compilation from within, as a diagnostic: limits of the planner, the emitter and the stack. */
import type { Diagnostic, Location, Source } from "@regomesh/base";
import { EmitError } from "./core/error.ts";
import { locate } from "./locate.ts";
import { PlanFault } from "./plan/planner.ts";
import { isStackUsedUp } from "./stack-used-up.ts";

/** What the action gives, or the diagnostic of a policy that no module can be made of. */
export function guard<T>(
  sources: readonly Source[],
  action: () => T,
): { readonly value: T } | { readonly diagnostics: readonly Diagnostic[] } {
  try {
    return { value: action() };
  } catch (error) {
    const diagnostic = toDiagnostic(error, sources);
    if (diagnostic === undefined) throw error;
    return { diagnostics: [diagnostic] };
  }
}

function toDiagnostic(error: unknown, sources: readonly Source[]): Diagnostic | undefined {
  const source = sources[0] ?? { name: "policy", text: "" };
  const whole = { source, span: { start: 0, end: 0 } };
  if (error instanceof PlanFault) return makeError(error, error.at ?? locate(error.place, sources) ?? whole);
  if (error instanceof EmitError) return makeError(error, locate(error.place, sources) ?? whole);
  if (isStackUsedUp(error)) return makeError(TOO_DEEP, whole);
  return undefined;
}

/** The trees of a policy are values: an overflow leaves nothing half done behind. */
const TOO_DEEP = {
  code: "policy_too_deep",
  message: "the policy nests more deeply than the compiler's stack reaches",
  hint: "split its longest expressions and bodies into rules",
};

type Fault = { readonly code: string; readonly message: string; readonly hint?: string | undefined };

function makeError({ code, message, hint }: Fault, at: Location): Diagnostic {
  return { code, severity: "error", message, at, ...(hint === undefined ? {} : { hint }) };
}
