/** The type check of a set of modules: rules in the order in which they need each other. */
import type { Diagnostic } from "@regomesh/base";
import type { BuiltinSignatures } from "../builtins/table.ts";
import type { Module } from "../resolved/ast.ts";
import type { RuleNode } from "../resolved/rule-tree.ts";
import { checkRules, type RuleTypes } from "../types/check-rules.ts";
import type { Schemas } from "../types/schemas.ts";
import { type Dependencies, findDependencies, makeDependents, orderRules } from "./dependencies.ts";
import { findSchemaScopes } from "./schema-scopes.ts";

export type TypeCheck = { readonly types: RuleTypes; readonly diagnostics: readonly Diagnostic[] };

export type TypeCheckOptions = {
  readonly builtins: BuiltinSignatures;
  /** With the rules' annotations; they are looked at where schemas are. */
  readonly modules?: readonly Module[];
  readonly schemas?: Schemas | undefined;
};

export function checkTypes(dependencies: Dependencies, given: TypeCheckOptions): TypeCheck {
  const { builtins, modules = [], schemas } = given;
  const diagnostics: Diagnostic[] = [];
  const scopes = findSchemaScopes(modules, schemas, diagnostics);
  const options = {
    rules: orderRules(dependencies),
    builtins,
    dependents: makeDependents(dependencies),
    schemas: scopes.of,
    given: scopes.given,
  };
  return { types: checkRules(options, diagnostics), diagnostics };
}

/** The types of rules that were found to be right. */
export function typeRules(root: RuleNode, builtins: BuiltinSignatures): RuleTypes {
  return checkTypes(findDependencies(root), { builtins }).types;
}
