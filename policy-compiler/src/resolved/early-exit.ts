/**
 * Rules whose value cannot differ: once one body holds, no other needs to be looked at. From inside a body with
 * `with` outside its nested bodies nothing returns, since that would leave the replacement in force: such a
 * rule is looked at whole, and those behind it are not.
 */

import { constantText } from "../syntax/constant-text.ts";
import { linksOf } from "../syntax/rule-links.ts";
import type { Body, Rule } from "./ast.ts";

/** True if all of the rules, and their `else` links, have the same constant value. */
export function earlyValue(rules: readonly Rule[]): boolean {
  const values = new Set<string>();
  for (const rule of rules) {
    if (rule.isDefault) continue;
    for (const link of linksOf(rule)) {
      const value = constantText(link.head.value);
      if (value === undefined) return false;
      values.add(value);
      if (values.size > 1) return false;
    }
  }
  return values.size === 1;
}

/**
 * The links whose values differ from this one's, where each of them says what it needs: while none has it, the
 * link's value is the answer. Undefined where the link's value is no constant, or one of the others is looked at always.
 */
export function othersOf(link: Rule, links: readonly Rule[]): readonly Rule[] | undefined {
  const value = constantText(link.head.value);
  if (value === undefined) return undefined;
  const others = links.filter(({ head }) => constantText(head.value) !== value);
  return others.every(({ needs }) => needs !== undefined) ? others : undefined;
}

export function hasWith(body: Body): boolean {
  return body.some((expr) => expr.with.length > 0);
}
