/**
 * Rules whose value cannot differ: once one body holds, no other needs to be looked at.
 * Left out are bodies with `with` anywhere outside a nested body, since returning from
 * inside a replacement would leave it in force.
 */
import type { Body, Rule } from "../syntax/ast.ts";
import { constantText } from "./constant.ts";

/** True if all of the rules have the same constant value. */
export function earlyValue(rules: readonly Rule[]): boolean {
  const values = new Set<string>();
  for (const rule of rules) {
    if (rule.isDefault) continue;
    const value = constantText(rule.head.value);
    if (value === undefined || rule.else !== undefined || hasWith(rule.body)) return false;
    values.add(value);
  }
  return values.size === 1;
}

function hasWith(body: Body): boolean {
  return body.some((expr) => expr.with.length > 0);
}
