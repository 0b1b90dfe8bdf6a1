/** The service graph, most of the screen. */
import type { GraphBody } from "@regomesh/controller/api";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useRoom } from "../room.ts";
import type { Selection } from "../selection.ts";
import { EdgeLine } from "./edge-line.tsx";
import { layOut, topologyOf } from "./layout.ts";
import { NodeBox } from "./node-box.tsx";
import { fit, pan, type Viewport, zoom } from "./viewport.ts";
import { type Window as Frame, visibleOf } from "./visible.ts";

type Props = {
  readonly graph: GraphBody;
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
};

/** Boxes and lines of which a frame's work is a part of what may go unnoticed. */
const PART = 24;

export function GraphView({ graph, selection, onSelect }: Props) {
  const topology = topologyOf(graph);
  const layout = useMemo(() => layOut(graph), [topology]);
  const frame = useRef<SVGSVGElement>(null);
  const [view, setView] = useState<Viewport>({ x: 0, y: 0, scale: 1 });
  const [size, setSize] = useState<Frame>({ width: 0, height: 0 });
  const drag = useRef<{ x: number; y: number } | undefined>(undefined);
  const reset = (): void => {
    const { clientWidth = 0, clientHeight = 0 } = frame.current ?? {};
    setSize({ width: clientWidth, height: clientHeight });
    setView(fit(layout.width, layout.height, clientWidth, clientHeight));
  };
  useEffect(() => {
    reset();
    const seen = new ResizeObserver(reset);
    if (frame.current !== null) seen.observe(frame.current);
    return () => seen.disconnect();
  }, [layout]);
  const visible = visibleOf(graph, layout, view, size);
  const room = useRoom(visible.nodes.length + visible.edges.length, PART);
  if (graph.nodes.length === 0) {
    return <p class="empty">No services yet. Declare a MeshService, a Workload, and start a sidecar for it.</p>;
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be an SVG
    <svg
      ref={frame}
      class="graph"
      role="group"
      aria-label="Service graph"
      onWheel={(event) => {
        event.preventDefault();
        const { left, top } = event.currentTarget.getBoundingClientRect();
        setView(zoom(view, Math.exp(-event.deltaY / 400), event.clientX - left, event.clientY - top));
      }}
      onPointerDown={(event) => {
        drag.current = { x: event.clientX, y: event.clientY };
      }}
      onPointerMove={(event) => {
        const from = drag.current;
        if (from === undefined || event.buttons === 0) return;
        setView(pan(view, event.clientX - from.x, event.clientY - from.y));
        drag.current = { x: event.clientX, y: event.clientY };
      }}
      onDblClick={reset}
    >
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0,0.6 L7.4,4 L0,7.4 z" fill="context-stroke" />
        </marker>
      </defs>
      <g style={{ transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})` }}>
        {visible.edges.slice(0, Math.max(0, room - visible.nodes.length)).map(({ edge, from, to }) => (
          <EdgeLine
            key={edge.id}
            edge={edge}
            from={from}
            to={to}
            isSelected={selection.kind === "edge" && selection.id === edge.id}
            isCrowded={visible.isCrowded}
            onSelect={onSelect}
          />
        ))}
        {visible.nodes.slice(0, room).map(({ node, box }) => (
          <NodeBox
            key={node.id}
            node={node}
            box={box}
            // Only a last word grows old.
            nowMs={node.lastWordMs === undefined ? 0 : graph.nowMs}
            isSelected={selection.kind === "node" && selection.id === node.id}
            isCrowded={visible.isCrowded}
            onSelect={onSelect}
          />
        ))}
      </g>
    </svg>
  );
}
