/**
 * Rules whose value cannot differ: once one body holds, no other needs to be looked at. From inside a body with
 * `with` outside its nested bodies nothing returns, since that would leave the replacement in force: such a
 * rule is looked at whole, and those behind it are not.
 */
import type { Body, Rule } from "../syntax/ast.ts";
import { constantText } from "./constant.ts";

/** True if all of the rules, and their `else` links, have the same constant value. */
export function earlyValue(rules: readonly Rule[]): boolean {
  const values = new Set<string>();
  for (const rule of rules) {
    if (rule.isDefault) continue;
    for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
      const value = constantText(link.head.value);
      if (value === undefined) return false;
      values.add(value);
      if (values.size > 1) return false;
    }
  }
  return values.size === 1;
}

export function hasWith(body: Body): boolean {
  return body.some((expr) => expr.with.length > 0);
}
