/** A base document at a rule's path: one of the two would be hidden, so neither is taken. */
import type { Diagnostic } from "@regomesh/base";
import { dataName, type RuleNode } from "../resolved/rule-tree.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import type { Unit } from "./unit.ts";

export function checkRulePaths(unit: Unit, root: RuleNode): readonly Diagnostic[] {
  return check(unit.data, root);
}

function check(data: JsonValue, node: RuleNode): readonly Diagnostic[] {
  const [rule] = node.rules;
  if (rule !== undefined) {
    return [
      {
        code: "rego_compile_error",
        severity: "error",
        message: `conflicting rule for data path ${node.path.join("/")}: the unit's data has a value there too`,
        at: rule.head.at,
        hint: `rename the rule, or take ${dataName(node.path)} out of the data`,
      },
    ];
  }
  if (!isJsonObject(data)) return [];
  const object: JsonObject = data;
  return [...node.children].flatMap(([part, child]) => {
    const value = Object.hasOwn(object, part) ? object[part] : undefined;
    return value === undefined ? [] : check(value, child);
  });
}
