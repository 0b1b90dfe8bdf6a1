/** What the interpreter gives, held against what a case wants. */
import { type InterpretOptions, interpret, printTermJson } from "@regomesh/policy-compiler";
import { mismatch, type Wanted } from "../rego/compare.ts";

/** Undefined where it gives that. */
export function interpretedMismatch(options: InterpretOptions, wanted: Wanted): string | undefined {
  const given = interpret(options);
  const text = given.kind === "results" ? `[${given.results.map(printTermJson).join(",")}]` : "";
  const wrong = mismatch(given.kind === "fault" ? given : { kind: "results", text }, wanted);
  return wrong === undefined ? undefined : `under the interpreter: ${wrong}`;
}
