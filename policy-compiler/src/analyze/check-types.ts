/** The type check of a set of modules: rules in the order in which they need each other. */
import type { Diagnostic } from "@regomesh/base";
import type { BuiltinSignatures } from "../builtins/table.ts";
import { checkRules, type RuleTypes } from "../types/check-rules.ts";
import { type Dependencies, findDependencies, makeDependents, orderRules } from "./dependencies.ts";
import type { RuleNode } from "./rule-index.ts";

export type TypeCheck = { readonly types: RuleTypes; readonly diagnostics: readonly Diagnostic[] };

export function checkTypes(dependencies: Dependencies, builtins: BuiltinSignatures): TypeCheck {
  const diagnostics: Diagnostic[] = [];
  const options = {
    rules: orderRules(dependencies),
    builtins,
    dependents: makeDependents(dependencies),
    schemas: () => undefined,
    given: undefined,
  };
  return { types: checkRules(options, diagnostics), diagnostics };
}

/** The types of rules that were found to be right. */
export function typeRules(root: RuleNode, builtins: BuiltinSignatures): RuleTypes {
  return checkTypes(findDependencies(root), builtins).types;
}
