/**
 * What of a graph is drawn: the boxes within the window and the lines that cross it. A large mesh has
 * thousands; of what is out of sight nothing is made, and of what is small or crowded only its shape.
 */
import type { EdgeBody, GraphBody, NodeBody } from "@regomesh/controller/api";
import type { Box, Layout } from "./layout.ts";
import type { Viewport } from "./viewport.ts";

export type Window = { readonly width: number; readonly height: number };

export type Visible = {
  readonly nodes: readonly { readonly node: NodeBody; readonly box: Box }[];
  readonly edges: readonly { readonly edge: EdgeBody; readonly from: Box; readonly to: Box }[];
  /** Names and figures have no room, or there are too many to be read. */
  readonly isCrowded: boolean;
};

/** Below this, letters are too small to be read. */
const LEGIBLE_SCALE = 0.4;
const NODES_LEGIBLE = 60;
const EDGES_LEGIBLE = 100;
/** A line bends out of the box around its ends, and its plate stands beside it. */
const AROUND = 60;

export function visibleOf(graph: GraphBody, layout: Layout, view: Viewport, window: Window): Visible {
  const seen = {
    left: -view.x / view.scale - AROUND,
    top: -view.y / view.scale - AROUND,
    right: (window.width - view.x) / view.scale + AROUND,
    bottom: (window.height - view.y) / view.scale + AROUND,
  };
  const isSeen = (left: number, top: number, right: number, bottom: number) =>
    left < seen.right && right > seen.left && top < seen.bottom && bottom > seen.top;
  const nodes = graph.nodes.flatMap((node) => {
    const box = layout.nodes.get(node.id);
    if (box === undefined || !isSeen(box.x, box.y, box.x + box.width, box.y + box.height)) return [];
    return [{ node, box }];
  });
  const edges = graph.edges.flatMap((edge) => {
    const [from, to] = [layout.nodes.get(edge.from), layout.nodes.get(edge.to)];
    if (from === undefined || to === undefined) return [];
    const [left, right] = [Math.min(from.x, to.x), Math.max(from.x + from.width, to.x + to.width)];
    const [top, bottom] = [Math.min(from.y, to.y), Math.max(from.y + from.height, to.y + to.height)];
    return isSeen(left, top, right, bottom) ? [{ edge, from, to }] : [];
  });
  const isCrowded = view.scale < LEGIBLE_SCALE || nodes.length > NODES_LEGIBLE || edges.length > EDGES_LEGIBLE;
  return { nodes, edges, isCrowded };
}
