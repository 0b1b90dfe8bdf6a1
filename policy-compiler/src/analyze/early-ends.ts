/**
 * Which rules decide whether others of their path end early. OPA stops at the first value where the rules that its
 * index leaves to be looked at have the same constant one (its IndexResult.EarlyExit), so that a conflict which a later body asks
 * for is never met. Rules of other values stand in the way unless they miss what they read: each of those
 * says here what that is (`Rule.needs`), and the planner asks it before a rule's value is the answer.
 *
 * Only where it can be told apart: a body beside it may fail, and no rule in the way stands there always.
 */

import type { Body, Rule } from "../resolved/ast.ts";
import { earlyValue } from "../resolved/early-exit.ts";
import { isGroundHead, type RuleNode } from "../resolved/rule-tree.ts";
import { constantText } from "../syntax/constant-text.ts";
import { linksOf } from "../syntax/rule-links.ts";
import type { IndexPaths, Weighing } from "./find-index-paths.ts";
import { needsOf } from "./read-first.ts";

/** Each link asks what all of another value need: where that is more, or is asked more often, all are looked at whole, by an index. */
const LINKS_MAX = 32;
const ASKED_MAX = 64;

/** Whether one of the rules is enough: complete ones of the same constant value. */
export function areAlike({ rules, path }: RuleNode): boolean {
  const own = rules.filter(({ isDefault }) => !isDefault);
  return own.every(({ head }) => !head.isSet && head.ref.length === path.length) && earlyValue(own);
}

/** What rules need, by the rule: of a node's complete documents and functions. */
export function findNeeds(node: RuleNode, reading: Weighing, paths: IndexPaths): ReadonlyMap<Rule, Body> {
  const needs = new Map<Rule, Body>();
  const rules = node.rules.filter(({ isDefault }) => !isDefault);
  if (rules.length < 2 || rules.some(({ head }) => head.isSet || head.ref.length > node.path.length)) return needs;
  if (!rules.every(isGroundHead)) return needs;
  const links = rules.flatMap(linksOf);
  if (links.length > LINKS_MAX) return needs;
  const values = links.map(({ head }) => constantText(head.value));
  for (const value of new Set(values)) {
    const same = links.filter((_, i) => values[i] === value);
    if (value === undefined || same.length === links.length || !same.some((link) => reading.failing.has(link)))
      continue;
    const others = links.filter((_, i) => values[i] !== value);
    if (same.length * others.length > ASKED_MAX) continue;
    const found = others.map((link) => needsOf(link, { ...reading, asksKeys: true }, paths.get(link)));
    if (found.some((body) => body.length === 0)) continue;
    others.forEach((link, i) => {
      needs.set(link, found[i] as Body);
    });
  }
  return needs;
}
