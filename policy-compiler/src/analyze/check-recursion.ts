/**
 * No rule may depend on itself. Each rule is a vertex of a graph; a reference is a vertex too,
 * so that rules that share one share its edges. A reference with a variable in it depends on
 * all that it could mean: on what its variables' values choose where the body binds them
 * to constants, and only on rules whose heads can meet it: `p[x].foo` is none of `p[y].bar`.
 * Functions count as parts of the document that they stand in.
 */
import type { Diagnostic } from "@regomesh/base";
import type { Rule, Term } from "../syntax/ast.ts";
import { type Choices, makeChoices } from "./choices.ts";
import { findComponents, findCycle, type Vertex } from "./graph.ts";
import { makeProblem } from "./problem.ts";
import { eachNode, type RuleNode, ruleName } from "./rule-index.ts";
import { deepTerm, eachDeepTerm, eachRuleExpr } from "./tree.ts";

/** More cycles than these tell nothing new. */
const REPORTED_MAX = 20;

type RuleVertex = Vertex & { readonly rule: Rule | undefined };

type Graph = {
  readonly root: RuleNode;
  readonly rules: Map<Rule, RuleVertex>;
  readonly refs: Map<string, RuleVertex>;
};

/** A part of a path: its constant as text (names in quotes), or null for any. */
type Part = string | null;

export function checkRecursion(root: RuleNode): readonly Diagnostic[] {
  const graph: Graph = { root, rules: new Map(), refs: new Map() };
  for (const { rules } of eachNode(root)) for (const rule of rules) graph.rules.set(rule, { rule, edges: new Set() });
  for (const [rule, vertex] of graph.rules) {
    for (let link: Rule | undefined = rule; link !== undefined; link = link.else) addEdges(graph, link, vertex);
    addReplaced(graph, rule, vertex);
  }
  const diagnostics: Diagnostic[] = [];
  for (const component of findComponents([...graph.rules.values()])) {
    for (const vertex of component) {
      const { rule } = vertex as RuleVertex;
      if (rule !== undefined && diagnostics.length < REPORTED_MAX)
        diagnostics.push(report(rule, findCycle(vertex, component)));
    }
  }
  return diagnostics;
}

function addEdges(graph: Graph, link: Rule, vertex: RuleVertex): void {
  const choices = makeChoices();
  const visit = (term: Term): void => {
    for (const path of dataPaths(term, choices)) {
      const target = findTarget(graph, path);
      if (target !== undefined) vertex.edges.add(target);
    }
  };
  for (const expr of link.body) {
    eachDeepTerm(expr, visit);
    choices.pass(expr);
  }
  for (const term of [...(link.head.args ?? []), ...link.head.ref, link.head.value]) deepTerm(term, visit);
}

/** What `with` replaces counts as read, as in OPA. */
function addReplaced(graph: Graph, rule: Rule, vertex: RuleVertex): void {
  eachRuleExpr(rule, (expr) => {
    for (const { target } of expr.with) {
      for (const path of dataPaths(target, makeChoices())) {
        const found = findTarget(graph, path);
        if (found !== undefined) vertex.edges.add(found);
      }
    }
  });
}

function report(rule: Rule, cycle: readonly Vertex[]): Diagnostic {
  const names = cycle.flatMap((vertex) => {
    const { rule: at } = vertex as RuleVertex;
    return at === undefined ? [] : [ruleName(at)];
  });
  const message = `rule ${ruleName(rule)} is recursive: ${names.join(" -> ")}`;
  return makeProblem("rego_recursion_error", rule.head.at, message, "iterate with some, walk or graph.reachable");
}

/** What evaluating a reference needs, as a vertex. */
function findTarget(graph: Graph, path: readonly Part[]): RuleVertex | undefined {
  const key = JSON.stringify(path);
  let vertex = graph.refs.get(key);
  if (vertex === undefined) {
    vertex = { rule: undefined, edges: new Set(follow(graph, path)) };
    graph.refs.set(key, vertex);
  }
  return vertex.edges.size === 0 ? undefined : vertex;
}

/** The paths below `data` that a term may be. */
function dataPaths(term: Term, choices: Choices): readonly (readonly Part[])[] {
  if (term.kind === "call-term") {
    const { path } = term.operator;
    return path[0] === "data" ? [path.slice(1).map((name) => JSON.stringify(name))] : [];
  }
  if (term.kind !== "ref" || term.head.kind !== "var" || term.head.name !== "data") return [];
  return choices.expand(term.path);
}

function follow({ root, rules }: Graph, path: readonly Part[]): readonly RuleVertex[] {
  const found: RuleVertex[] = [];
  const add = (rule: Rule) => {
    const vertex = rules.get(rule);
    if (vertex !== undefined) found.push(vertex);
  };
  let level: RuleNode[] = [root];
  for (const part of path) {
    const next: RuleNode[] = [];
    for (const node of level) {
      if (part === null) next.push(...node.children.values());
      else {
        const child = part.startsWith('"') ? node.children.get(JSON.parse(part) as string) : undefined;
        if (child !== undefined) next.push(child);
      }
    }
    for (const node of level) for (const rule of node.rules) if (mayMeet(rule, path)) add(rule);
    level = next;
  }
  for (const node of level) for (const below of eachNode(node)) below.rules.forEach(add);
  return found;
}

/** False where the head and the path have different constants at one place. */
function mayMeet({ head }: Rule, path: readonly Part[]): boolean {
  return path.every((part, i) => {
    const own = constantPart(head.ref[i]);
    return part === null || own === null || own === part;
  });
}

function constantPart(term: Term | undefined): Part {
  switch (term?.kind) {
    case "string":
      return JSON.stringify(term.value);
    case "number":
      return term.text;
    case "boolean":
      return String(term.value);
    case "null":
      return "null";
    default:
      return null;
  }
}
