/**
 * Where boxes and edges are: layered left to right, and the same for the same topology,
 * whatever the numbers do.
 */
import dagre from "@dagrejs/dagre";
import type { GraphBody } from "@regomesh/controller/api";

export type Point = { readonly x: number; readonly y: number };
export type Box = Point & { readonly width: number; readonly height: number };
export type Layout = {
  /** Left upper corners. */
  readonly nodes: ReadonlyMap<string, Box>;
  readonly edges: ReadonlyMap<string, readonly Point[]>;
  readonly width: number;
  readonly height: number;
};

export const NODE_WIDTH = 196;
const NODE_HEIGHT = 86;
const SUBSET_HEIGHT = 22;

/** Changes only when boxes or edges come or go. */
export function topologyOf({ nodes, edges }: GraphBody): string {
  return JSON.stringify([
    nodes.map(({ id, subsets }) => [id, subsets]),
    edges.map(({ id, from, to }) => [id, from, to]),
  ]);
}

export function layOut({ nodes, edges }: GraphBody): Layout {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 44, ranksep: 150, marginx: 24, marginy: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, subsets } of [...nodes].sort(byId)) {
    graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT + (subsets.length > 1 ? SUBSET_HEIGHT : 0) });
  }
  for (const { id, from, to } of [...edges].sort(byId)) {
    if (graph.hasNode(from) && graph.hasNode(to)) graph.setEdge(from, to, { id }, id);
  }
  dagre.layout(graph);
  const boxes = new Map<string, Box>();
  for (const id of graph.nodes()) {
    const { x, y, width, height } = graph.node(id) as Box;
    boxes.set(id, { x: x - width / 2, y: y - height / 2, width, height });
  }
  const paths = new Map<string, readonly Point[]>();
  for (const edge of graph.edges()) {
    paths.set(edge.name ?? "", (graph.edge(edge) as { points: readonly Point[] }).points);
  }
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { nodes: boxes, edges: paths, width, height };
}

/** A smooth line from the right side of one box to the left side of the other. */
export function pathOf(from: Box, to: Box, shift = 0): string {
  const start = { x: from.x + from.width, y: from.y + from.height / 2 + shift };
  const end = { x: to.x, y: to.y + to.height / 2 + shift };
  const bend = Math.max(40, Math.abs(end.x - start.x) / 2);
  return `M${start.x},${start.y} C${start.x + bend},${start.y} ${end.x - bend},${end.y} ${end.x},${end.y}`;
}

/** The point of that line at `t` from 0 to 1. */
export function pointAt(from: Box, to: Box, t: number, shift = 0): Point {
  const start = { x: from.x + from.width, y: from.y + from.height / 2 + shift };
  const end = { x: to.x, y: to.y + to.height / 2 + shift };
  const bend = Math.max(40, Math.abs(end.x - start.x) / 2);
  const u = 1 - t;
  const mix = (a: number, b: number, c: number, d: number): number =>
    u ** 3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t ** 3 * d;
  return { x: mix(start.x, start.x + bend, end.x - bend, end.x), y: mix(start.y, start.y, end.y, end.y) };
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
