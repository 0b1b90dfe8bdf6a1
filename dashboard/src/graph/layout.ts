/**
 * Where boxes are: layered left to right, and the same for the same topology, whatever the numbers
 * do. A service stands right of those that call it, as far as calls make no circle; within a layer
 * it stands near those that it has to do with. What has no traffic stands below, in rows.
 */
import type { GraphBody } from "@regomesh/controller/api";

export type Point = { readonly x: number; readonly y: number };
export type Box = Point & { readonly width: number; readonly height: number };
export type Layout = {
  /** Left upper corners. */
  readonly nodes: ReadonlyMap<string, Box>;
  readonly width: number;
  readonly height: number;
};

export const NODE_WIDTH = 196;
const NODE_HEIGHT = 86;
const SUBSET_HEIGHT = 22;
const MARGIN = 24;
const NODE_GAP = 44;
const LAYER_GAP = 150;
/** Times that layers are put in order by their neighbours, there and back: later ones change little. */
const SWEEPS = 4;

/** Changes only when boxes or edges come or go. */
export function topologyOf({ nodes, edges }: GraphBody): string {
  return JSON.stringify([nodes.map(({ id, subsets }) => [id, subsets.length > 1]), edges.map(({ id }) => id)]);
}

export function layOut({ nodes, edges }: GraphBody): Layout {
  const ids = nodes.map(({ id }) => id).sort();
  const known = new Set(ids);
  const calls = edges.filter(({ from, to }) => from !== to && known.has(from) && known.has(to)).sort(byId);
  const joined = new Set(calls.flatMap(({ from, to }) => [from, to]));
  const layers = toLayers(
    ids.filter((id) => joined.has(id)),
    calls,
  );
  orderLayers(layers, calls);
  const heights = new Map(nodes.map(({ id, subsets }) => [id, NODE_HEIGHT + (subsets.length > 1 ? SUBSET_HEIGHT : 0)]));
  return place(
    layers,
    ids.filter((id) => !joined.has(id)),
    (id) => heights.get(id) ?? NODE_HEIGHT,
  );
}

type Call = { readonly id: string; readonly from: string; readonly to: string };

/** Each as far right as its callers ask; where only circles are left, one that few call goes first. */
function toLayers(ids: readonly string[], calls: readonly Call[]): string[][] {
  const waitsFor = new Map(ids.map((id) => [id, 0]));
  for (const { to } of calls) waitsFor.set(to, (waitsFor.get(to) ?? 0) + 1);
  const callsOf = Map.groupBy(calls, ({ from }) => from);
  const layerOf = new Map<string, number>();
  const ready = ids.filter((id) => waitsFor.get(id) === 0);
  const layers: string[][] = [];
  for (let left = ids.length; left > 0; left--) {
    const id = ready.shift() ?? leastCalled(waitsFor);
    waitsFor.delete(id);
    const layer = layerOf.get(id) ?? 0;
    layers[layer] ??= [];
    layers[layer].push(id);
    for (const { to } of callsOf.get(id) ?? []) {
      const waits = waitsFor.get(to);
      if (waits === undefined) continue; // a call back
      layerOf.set(to, Math.max(layerOf.get(to) ?? 0, layer + 1));
      waitsFor.set(to, waits - 1);
      if (waits === 1) ready.push(to);
    }
  }
  return layers.filter((layer) => layer !== undefined);
}

function leastCalled(waitsFor: ReadonlyMap<string, number>): string {
  let least: string | undefined;
  for (const [id, waits] of waitsFor)
    if (waits > 0 && (least === undefined || waits < (waitsFor.get(least) ?? 0))) least = id;
  return least ?? "";
}

/** By the mean place of their neighbours in the layer before, then in the one after, and so on. */
function orderLayers(layers: string[][], calls: readonly Call[]): void {
  const callers = Map.groupBy(calls, ({ to }) => to);
  const called = Map.groupBy(calls, ({ from }) => from);
  const placeOf = new Map<string, number>();
  const note = (layer: readonly string[]) => {
    for (const [at, id] of layer.entries()) placeOf.set(id, at / layer.length);
  };
  for (const layer of layers) note(layer);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isForward = sweep % 2 === 0;
    for (const layer of isForward ? layers : layers.toReversed()) {
      const wantedOf = new Map(
        layer.map((id) => {
          const near = isForward ? callers.get(id)?.map(({ from }) => from) : called.get(id)?.map(({ to }) => to);
          const places = (near ?? []).map((each) => placeOf.get(each) ?? 0);
          return [id, places.length === 0 ? (placeOf.get(id) ?? 0) : mean(places)];
        }),
      );
      layer.sort((a, b) => (wantedOf.get(a) ?? 0) - (wantedOf.get(b) ?? 0));
      note(layer);
    }
  }
}

function place(layers: readonly string[][], alone: readonly string[], heightOf: (id: string) => number): Layout {
  const nodes = new Map<string, Box>();
  const heightOfLayer = (layer: readonly string[]) =>
    layer.reduce((sum, id) => sum + heightOf(id) + NODE_GAP, -NODE_GAP);
  const tallest = Math.max(0, ...layers.map(heightOfLayer));
  for (const [at, layer] of layers.entries()) {
    let y = MARGIN + (tallest - heightOfLayer(layer)) / 2;
    for (const id of layer) {
      nodes.set(id, { x: MARGIN + at * (NODE_WIDTH + LAYER_GAP), y, width: NODE_WIDTH, height: heightOf(id) });
      y += heightOf(id) + NODE_GAP;
    }
  }
  const columns = Math.max(layers.length, Math.ceil(Math.sqrt(alone.length / 2)), 1);
  const top = MARGIN + (tallest === 0 ? 0 : tallest + NODE_GAP * 2);
  const rowHeight = NODE_HEIGHT + SUBSET_HEIGHT + NODE_GAP;
  for (const [at, id] of alone.entries()) {
    const x = MARGIN + (at % columns) * (NODE_WIDTH + LAYER_GAP);
    nodes.set(id, { x, y: top + Math.floor(at / columns) * rowHeight, width: NODE_WIDTH, height: heightOf(id) });
  }
  const boxes = [...nodes.values()];
  return {
    nodes,
    width: Math.max(0, ...boxes.map(({ x, width }) => x + width + MARGIN)),
    height: Math.max(0, ...boxes.map(({ y, height }) => y + height + MARGIN)),
  };
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

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
