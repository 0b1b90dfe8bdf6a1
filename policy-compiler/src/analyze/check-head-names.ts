/** `count(1)` alone on a line is a function's head to the grammar: named as a built-in, it was meant as a call. */
import type { Diagnostic } from "@regomesh/base";
import type { BuiltinSignatures } from "../builtins/table.ts";
import type { Module } from "../syntax/ast.ts";
import { makeProblem } from "./problem.ts";

/** Of a module as it is written; a value or a body makes such a head a function of the policy. */
export function checkHeadNames({ rules }: Module, builtins: BuiltinSignatures): readonly Diagnostic[] {
  return rules.flatMap(({ head, form, isDefault }) => {
    if (head.args === undefined || isDefault || form === undefined || form.hasBody || form.sign !== undefined)
      return [];
    const name = head.ref.map((part) => (part.kind === "string" ? part.value : "")).join(".");
    if (builtins.resolve(name) === undefined) return [];
    return [
      makeProblem(
        "rego_parse_error",
        head.at,
        "rule name conflicts with built-in function",
        "call it in a rule's body",
      ),
    ];
  });
}
