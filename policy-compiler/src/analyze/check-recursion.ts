/**
 * No rule may depend on itself. Rules are vertices of a graph, those of one name together; a
 * reference is a vertex too, so that rules that share one share its edges. A reference with a
 * variable in it depends on all that it could mean.
 */
import type { Diagnostic } from "@regomesh/base";
import type { Rule, Term } from "../syntax/ast.ts";
import { findComponents, findCycle, type Vertex } from "./graph.ts";
import { makeProblem } from "./problem.ts";
import { eachNode, nodeName, type RuleNode } from "./rule-index.ts";
import { eachRuleTerm } from "./tree.ts";

/** More cycles than these tell nothing new. */
const REPORTED_MAX = 20;

type RuleVertex = Vertex & { readonly node: RuleNode | undefined };

type Graph = {
  readonly root: RuleNode;
  readonly rules: Map<RuleNode, RuleVertex>;
  readonly refs: Map<string, RuleVertex>;
};

export function checkRecursion(root: RuleNode): readonly Diagnostic[] {
  const graph: Graph = { root, rules: new Map(), refs: new Map() };
  for (const node of eachNode(root)) if (node.rules.length > 0) graph.rules.set(node, { node, edges: new Set() });
  for (const [node, vertex] of graph.rules) {
    for (const rule of node.rules) {
      eachRuleTerm(rule, (term) => {
        const target = findTarget(graph, term);
        if (target !== undefined) vertex.edges.add(target);
      });
    }
  }
  const diagnostics: Diagnostic[] = [];
  for (const component of findComponents([...graph.rules.values()])) {
    for (const vertex of component) {
      const { node } = vertex as RuleVertex;
      if (node !== undefined && diagnostics.length < REPORTED_MAX)
        diagnostics.push(report(node, findCycle(vertex, component)));
    }
  }
  return diagnostics;
}

function report(node: RuleNode, cycle: readonly Vertex[]): Diagnostic {
  const names = cycle.flatMap((vertex) => {
    const { node: at } = vertex as RuleVertex;
    return at === undefined ? [] : [nodeName(at)];
  });
  const { head } = node.rules[0] as Rule;
  const message = `rule ${nodeName(node)} is recursive: ${names.join(" -> ")}`;
  return makeProblem("rego_recursion_error", head.at, message, "iterate with some, walk or graph.reachable");
}

/** What evaluating a term needs, as a vertex. */
function findTarget(graph: Graph, term: Term): RuleVertex | undefined {
  const path = dataPath(term);
  if (path === undefined) return undefined;
  const key = JSON.stringify(path);
  let vertex = graph.refs.get(key);
  if (vertex === undefined) {
    vertex = { node: undefined, edges: new Set(follow(graph, path)) };
    graph.refs.set(key, vertex);
  }
  return vertex.edges.size === 0 ? undefined : vertex;
}

/** The path below `data`; null is any name. */
function dataPath(term: Term): readonly (string | null)[] | undefined {
  if (term.kind === "call-term") {
    const { path } = term.operator;
    return path[0] === "data" ? path.slice(1) : undefined;
  }
  if (term.kind !== "ref" || term.head.kind !== "var" || term.head.name !== "data") return undefined;
  return term.path.map((part) => {
    if (part.kind === "string") return part.value;
    return part.kind === "number" || part.kind === "boolean" || part.kind === "null" ? "" : null;
  });
}

function follow({ root, rules }: Graph, path: readonly (string | null)[]): readonly RuleVertex[] {
  const found: RuleVertex[] = [];
  const add = (node: RuleNode) => {
    const vertex = rules.get(node);
    if (vertex !== undefined) found.push(vertex);
  };
  let level: RuleNode[] = [root];
  for (const part of path) {
    const next: RuleNode[] = [];
    for (const node of level) {
      add(node);
      if (part === null) next.push(...node.children.values());
      else if (node.children.has(part)) next.push(node.children.get(part) as RuleNode);
    }
    level = next;
  }
  // Functions are no part of the document that a reference names.
  for (const node of level) for (const below of eachNode(node)) if (node === below || !isFunction(below)) add(below);
  return found;
}

function isFunction({ rules }: RuleNode): boolean {
  return rules[0]?.head.args !== undefined;
}
