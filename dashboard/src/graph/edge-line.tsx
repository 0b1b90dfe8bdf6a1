/**
 * Traffic between two services: width is the rate, colour the success, a lock where it is
 * mutual TLS. Refused traffic is a line of its own: dashed, and ending in a bar.
 */
import type { EdgeBody } from "@regomesh/controller/api";
import { healthOf, printRate } from "../format.ts";
import type { Selection } from "../selection.ts";
import { type Box, pathOf, pointAt } from "./layout.ts";
import { memo } from "./memo.ts";

type Props = {
  readonly edge: EdgeBody;
  readonly from: Box;
  readonly to: Box;
  readonly isSelected: boolean;
  /** Only the line is drawn. */
  readonly isCrowded: boolean;
  readonly onSelect: (selection: Selection) => void;
};

/** Below the passing traffic, so that both can be told apart. */
const REFUSED_SHIFT = 24;
const REFUSED_END = 0.86;

export const EdgeLine = memo(({ edge, from, to, isSelected, isCrowded, onSelect }: Props) => {
  const select = (): void => onSelect({ kind: "edge", id: edge.id });
  const refusedPerSecond = edge.deniedPerSecond + edge.limitedPerSecond;
  // A call back runs against the layers and crosses others in their middle: its plate stands by its caller.
  const middle = pointAt(from, to, to.x < from.x ? 0.18 : 0.5);
  const health = edge.state === "ready" ? healthOf(edge.success) : edge.state;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button cannot be part of an SVG
    <g
      class={`edge ${health} ${isSelected ? "selected" : ""}`}
      role="button"
      tabIndex={0}
      aria-label={`${edge.from} to ${edge.to}, ${printRate(edge.requestsPerSecond)} a second`}
      onClick={select}
      onFocus={select}
    >
      <path class="grip" d={pathOf(from, to)} />
      <path
        class="line"
        d={pathOf(from, to)}
        style={{ strokeWidth: widthOf(edge.requestsPerSecond) }}
        marker-end="url(#arrow)"
      />
      {!isCrowded && (
        <g style={{ transform: `translate(${middle.x}px, ${middle.y}px)` }}>
          <rect class="plate" x="-34" y="-24" width="68" height="18" rx="4" />
          {edge.mtls && <Lock />}
          <text class="rate" x={edge.mtls ? 8 : 0} y="-11" text-anchor="middle">
            {edge.state === "ready" ? `${printRate(edge.requestsPerSecond)}/s` : edge.state}
          </text>
        </g>
      )}
      {edge.deniedTotal > 0 && (!isCrowded || refusedPerSecond > 0) && (
        <Refused from={from} to={to} perSecond={refusedPerSecond} total={edge.deniedTotal} />
      )}
    </g>
  );
});

function Refused(props: { from: Box; to: Box; perSecond: number; total: number }) {
  const { from, to, perSecond, total } = props;
  const points = Array.from({ length: 13 }, (_, i) => pointAt(from, to, (REFUSED_END * i) / 12, REFUSED_SHIFT));
  const end = points[points.length - 1] ?? { x: 0, y: 0 };
  return (
    <g class={perSecond > 0 ? "refused" : "refused past"}>
      <polyline points={points.map(({ x, y }) => `${x},${y}`).join(" ")} />
      <path class="bar" d={`M${end.x + 3},${end.y - 9} v18`} />
      <text x={end.x - 6} y={end.y + 22} text-anchor="end">
        {total} refused{perSecond > 0 ? ` · ${printRate(perSecond)}/s` : ""}
      </text>
    </g>
  );
}

function Lock() {
  return (
    <g class="lock" style={{ transform: "translate(-27px, -20px)" }}>
      <title>mutual TLS</title>
      <path d="M2.6 4.6V3.3a2.4 2.4 0 0 1 4.8 0v1.3" />
      <rect x="1.2" y="4.6" width="7.6" height="5.6" rx="1.2" />
    </g>
  );
}

function widthOf(perSecond: number): number {
  return 1.5 + Math.log10(1 + Math.max(0, perSecond)) * 1.8;
}
