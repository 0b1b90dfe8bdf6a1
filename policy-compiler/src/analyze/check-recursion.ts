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
import type { Dependencies, RuleVertex } from "./dependencies.ts";
import { findComponents, findCycle, type Vertex } from "./graph.ts";
import { makeProblem } from "./problem.ts";

/** More cycles than these tell nothing new. */
const REPORTED_MAX = 20;

export function checkRecursion({ rules }: Dependencies): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const component of findComponents([...rules.values()])) {
    for (const vertex of component) {
      const { rule } = vertex as RuleVertex;
      if (rule !== undefined && diagnostics.length < REPORTED_MAX)
        diagnostics.push(report(rule, findCycle(vertex, component)));
    }
  }
  return diagnostics;
}

function report(rule: Rule, cycle: readonly Vertex[]): Diagnostic {
  const names = cycle.flatMap((vertex) => {
    const { rule: at } = vertex as RuleVertex;
    return at === undefined ? [] : [ruleName(at)];
  });
  const message = `rule ${ruleName(rule)} is recursive: ${names.join(" -> ")}`;
  return makeProblem("rego_recursion_error", rule.head.at, message, "iterate with some, walk or graph.reachable");
}
