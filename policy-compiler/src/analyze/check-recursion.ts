/**
 * No rule may depend on itself. Each rule is a vertex of a graph; a reference is a vertex too,
 * so that rules that share one share its edges. A reference with a variable in it depends on
 * all that it could mean: on what its variables' values choose where the body binds them
 * to constants, and only on rules whose heads can meet it: `p[x].foo` is none of `p[y].bar`.
 * Functions count as parts of the document that they stand in.
 */
import type { Diagnostic } from "@regomesh/base";
import type { Rule } from "../resolved/ast.ts";
import { ruleName } from "../resolved/rule-tree.ts";
import { linksOf } from "../syntax/rule-links.ts";
import { type Dependencies, needsOfLink, type RuleVertex } from "./dependencies.ts";
import { findComponents, findCycle, type Vertex } from "./graph.ts";
import { makeProblem } from "./problem.ts";

/** More cycles than these tell nothing new. */
const REPORTED_MAX = 20;

export function checkRecursion(dependencies: Dependencies): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const component of findComponents([...dependencies.rules.values()])) {
    for (const vertex of component) {
      const { rule } = vertex as RuleVertex;
      if (rule === undefined || diagnostics.length >= REPORTED_MAX) continue;
      const cycle = findCycle(vertex, component);
      for (const link of recursiveLinks(rule, component, dependencies)) diagnostics.push(report(link, rule, cycle));
    }
  }
  return diagnostics;
}

/** Of an `else` chain the links that lead into the cycle. */
function recursiveLinks(rule: Rule, component: ReadonlySet<Vertex>, dependencies: Dependencies): readonly Rule[] {
  const links = linksOf(rule);
  if (links.length === 1) return links;
  return links.filter((link) => [...needsOfLink(dependencies, link)].some((needed) => component.has(needed)));
}

function report(link: Rule, rule: Rule, cycle: readonly Vertex[]): Diagnostic {
  const names = cycle.flatMap((vertex) => {
    const { rule: at } = vertex as RuleVertex;
    return at === undefined ? [] : [ruleName(at)];
  });
  const message = `rule ${ruleName(rule)} is recursive: ${names.join(" -> ")}`;
  return makeProblem("rego_recursion_error", link.head.at, message, "iterate with some, walk or graph.reachable");
}
