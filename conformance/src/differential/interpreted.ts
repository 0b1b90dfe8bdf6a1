/** What the interpreter says of a program that compiles, in the form of OPA's answers. */
import { interpret, type JsonObject, parseJson, planRequest, printTermJson } from "@regomesh/policy-compiler";
import type { BuiltinCaller } from "../interpreter/builtins.ts";
import { parseExact } from "../rego/exact.ts";
import type { Program } from "./generate/program.ts";
import type { OpaAnswer, OpaResponse } from "./opa.ts";
import { pathOf, sourcesOf, toFailures } from "./ours.ts";

export function answerInterpreted(program: Program, builtin: BuiltinCaller): OpaResponse {
  const { data, inputs, entrypoints } = program;
  const unit = { name: "u", modules: sourcesOf(program), data: parseJson(data) as JsonObject };
  const names = entrypoints.map(pathOf);
  const { policy, diagnostics } = planRequest({
    units: [unit],
    entrypoints: names.map((name) => ({ unit: unit.name, name })),
  });
  if (policy === undefined) return { errors: toFailures(diagnostics) };
  const ask = (entrypoint: string, input: string | undefined): OpaAnswer => {
    const given = interpret({ policy, entrypoint, data, input, builtin });
    if (given.kind === "fault") return { error: given };
    const [first] = given.results.map((result) => parseExact(printTermJson(result)) as { readonly result: unknown });
    return first === undefined ? {} : { value: first.result };
  };
  return { answers: inputs.map((input) => names.map((name) => ask(name, input))) };
}
