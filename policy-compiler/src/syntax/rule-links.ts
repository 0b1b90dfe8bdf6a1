/** The links of an `else` chain, the rule itself first. */
import type { Rule } from "./ast.ts";

export function linksOf(rule: Rule): readonly Rule[] {
  const links: Rule[] = [];
  for (let link: Rule | undefined = rule; link !== undefined; link = link.else) links.push(link);
  return links;
}
