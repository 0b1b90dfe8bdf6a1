/**
 * What each rule needs: a directed graph of rules, and of the references between them. A
 * reference with a variable needs every rule that it may mean.
 */

import type { Expr, Rule, Term } from "../resolved/ast.ts";
import { eachNode, type RuleNode } from "../resolved/rule-tree.ts";
import { scalarText } from "../syntax/ground.ts";
import { type Choices, expandPath, noteConstants } from "./choices.ts";
import { orderVertices, reverse, type Vertex } from "./graph.ts";
import { requireResolved } from "./to-resolved.ts";
import { eachHeadPart, eachPart } from "./tree-parts.ts";

export type RuleVertex = Vertex & { readonly rule: Rule | undefined };

/** A part of a path below `data`: its constant as text (names in quotes), or null for any. */
export type Part = string | null;

export type Dependencies = {
  readonly root: RuleNode;
  readonly rules: Map<Rule, RuleVertex>;
  readonly refs: Map<string, RuleVertex>;
  /** Links of rules in which something reads rules, calls functions, comprehends objects or is replaced. */
  readonly asking: Set<Rule>;
};

export function findDependencies(root: RuleNode): Dependencies {
  const graph: Dependencies = { root, rules: new Map(), refs: new Map(), asking: new Set() };
  for (const { rules } of eachNode(root)) for (const rule of rules) graph.rules.set(rule, { rule, edges: new Set() });
  for (const [rule, vertex] of graph.rules) {
    const replaced: Term[] = [];
    for (let link: Rule | undefined = rule; link !== undefined; link = link.else) {
      addEdges(graph, link, vertex, replaced);
    }
    // What `with` replaces counts as read, as in OPA.
    for (const target of replaced) if (mayMeanRules(target, root)) addTerm(graph, target, new Map(), vertex);
  }
  return graph;
}

/** What one link of an `else` chain needs by itself. */
export function needsOfLink(graph: Dependencies, link: Rule): ReadonlySet<Vertex> {
  const vertex: RuleVertex = { rule: link, edges: new Set() };
  const replaced: Term[] = [];
  addEdges(graph, link, vertex, replaced);
  for (const target of replaced) if (mayMeanRules(target, graph.root)) addTerm(graph, target, new Map(), vertex);
  return vertex.edges;
}

function addEdges(graph: Dependencies, link: Rule, vertex: RuleVertex, replaced: Term[]): void {
  const choices: Choices = new Map();
  const visit = (term: Term): void => {
    if (mayMeanRules(term, graph.root)) {
      addTerm(graph, term, choices, vertex);
      graph.asking.add(link);
    } else if (term.kind === "object-comprehension") graph.asking.add(link);
    else if (term.kind !== "ref" && term.kind !== "call-term") requireResolved(term);
  };
  const visitExpr = (expr: Expr): void => {
    requireResolved(expr.what);
    if (expr.with.length === 0) return;
    graph.asking.add(link);
    for (const { target } of expr.with) replaced.push(target);
  };
  const { body } = link;
  for (let i = 0; i < body.length; i++) {
    const expr = body[i] as Expr;
    eachPart(expr, visit, visitExpr);
    noteConstants(expr, choices);
  }
  eachHeadPart(link, visit, visitExpr);
}

function addTerm(graph: Dependencies, term: Term, choices: Choices, { edges }: RuleVertex): void {
  for (const path of dataPaths(term, choices)) {
    const target = findTarget(graph, path);
    if (target !== undefined) edges.add(target);
  }
}

/** A call of a function, or a reference: none of input and variables, or of base documents beside which there is no rule. */
function mayMeanRules(term: Term, root: RuleNode): boolean {
  if (term.kind === "call-term") return term.operator.path[0] === "data";
  if (term.kind !== "ref" || term.head.kind !== "var" || term.head.name !== "data") return false;
  const first = term.path[0];
  return first?.kind !== "string" || root.children.has(first.value);
}

/** What evaluating a reference needs, as a vertex. */
function findTarget(graph: Dependencies, path: readonly Part[]): RuleVertex | undefined {
  // No constant's text has a comma outside of quotes, or is a star.
  const key = path.map((part) => part ?? "*").join();
  let vertex = graph.refs.get(key);
  if (vertex === undefined) {
    vertex = { rule: undefined, edges: new Set(follow(graph, path)) };
    graph.refs.set(key, vertex);
  }
  return vertex.edges.size === 0 ? undefined : vertex;
}

/** The paths below `data` that a term may be. */
function dataPaths(term: Term, choices: Choices): readonly (readonly Part[])[] {
  if (term.kind === "call-term") return [term.operator.path.slice(1).map((name) => JSON.stringify(name))];
  return term.kind !== "ref" ? [] : expandPath(term.path, choices);
}

function follow({ root, rules }: Dependencies, path: readonly Part[]): readonly RuleVertex[] {
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
    const own = scalarText(head.ref[i]);
    return part === null || own === null || own === part;
  });
}

/** Every rule once, what it needs before it, both by place: a piece that is wrong tells those after it less. */
export function orderRules({ rules }: Dependencies): readonly Rule[] {
  const placed = [...rules].sort(([a], [b]) => comparePlaces(a, b)).map(([, vertex]) => vertex);
  const ranks = new Map(placed.map((vertex, i) => [vertex, i]));
  const rankOf = (vertex: RuleVertex): number => ranks.get(vertex) ?? 0;
  const settled = new Set<Vertex>();
  const needs = (vertex: RuleVertex): Iterable<RuleVertex> => (vertex.edges.size === 0 ? [] : needsOf(vertex));
  function* needsOf({ edges }: RuleVertex): Generator<RuleVertex> {
    const refs = [...edges].filter((ref) => !settled.has(ref));
    const found = new Set(refs.flatMap((ref) => [...ref.edges] as RuleVertex[]));
    yield* [...found].sort((a, b) => rankOf(a) - rankOf(b));
    // Whatever these references may mean stands in the order now.
    for (const ref of refs) settled.add(ref);
  }
  return orderVertices(placed, needs).flatMap(({ rule }) => (rule === undefined ? [] : [rule]));
}

function comparePlaces({ at: a }: Rule, { at: b }: Rule): number {
  if (a.source !== b.source) return a.source.name < b.source.name ? -1 : 1;
  return a.span.start - b.span.start;
}

export type Dependents = (path: readonly string[]) => readonly Rule[];

/** The rules that a path below `data` may mean, and all that need one of them. */
export function makeDependents(graph: Dependencies): Dependents {
  let needing: ReadonlyMap<Vertex, readonly Vertex[]> | undefined;
  return (path) => {
    const start = follow(
      graph,
      path.map((name) => JSON.stringify(name)),
    );
    if (start.length === 0) return [];
    needing ??= reverse([...graph.rules.values(), ...graph.refs.values()]);
    const seen = new Set<Vertex>(start);
    for (const vertex of seen) for (const next of needing.get(vertex) ?? []) seen.add(next);
    return [...seen].flatMap((vertex) => {
      const { rule } = vertex as RuleVertex;
      return rule === undefined ? [] : [rule];
    });
  };
}
