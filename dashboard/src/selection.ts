/** What the panel shows, and how the arrow keys walk the graph. */
import type { GraphBody } from "@regomesh/controller/api";

export type Selection =
  | { readonly kind: "mesh" }
  | { readonly kind: "revision" }
  | { readonly kind: "node"; readonly id: string }
  | { readonly kind: "edge"; readonly id: string }
  | { readonly kind: "decision"; readonly id: string };

export type Step = "left" | "right" | "up" | "down";

/**
 * From a node along an edge (right: to what it calls, left: to its callers), from an edge
 * to the node at that end; up and down go through the neighbours of the same kind.
 */
export function walk(graph: GraphBody, from: Selection, step: Step): Selection {
  const first = graph.nodes[0];
  if (from.kind === "edge") {
    const edge = graph.edges.find(({ id }) => id === from.id);
    if (edge !== undefined && step === "right") return { kind: "node", id: edge.to };
    if (edge !== undefined && step === "left") return { kind: "node", id: edge.from };
    return { kind: "edge", id: neighbour(graph.edges, from.id, step === "down" ? 1 : -1) };
  }
  if (from.kind !== "node") return first === undefined ? from : { kind: "node", id: first.id };
  if (step === "up" || step === "down") {
    return { kind: "node", id: neighbour(graph.nodes, from.id, step === "down" ? 1 : -1) };
  }
  const edge = graph.edges.find((each) => (step === "right" ? each.from : each.to) === from.id);
  return edge === undefined ? from : { kind: "edge", id: edge.id };
}

function neighbour(items: readonly { readonly id: string }[], id: string, by: number): string {
  const at = items.findIndex((item) => item.id === id);
  return items[(at + by + items.length) % items.length]?.id ?? id;
}

/** The first node whose name or workloads contain the text. */
export function search(graph: GraphBody, text: string): Selection | undefined {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return undefined;
  const found = graph.nodes.find(({ id, workloads }) => [id, ...workloads].some((name) => name.includes(wanted)));
  return found === undefined ? undefined : { kind: "node", id: found.id };
}
