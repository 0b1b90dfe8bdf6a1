/** A service as a box: name, versions, how much, how well, how fast. */
import type { NodeBody } from "@regomesh/controller/api";
import { healthOf, printAge, printMs, printRate, printShare } from "../format.ts";
import type { Selection } from "../selection.ts";
import { layChips } from "./chips.ts";
import { type Box, NODE_WIDTH } from "./layout.ts";
import { memo } from "./memo.ts";

/** Between the box's margins. */
const CHIPS_WIDTH = NODE_WIDTH - 28;

type Props = {
  readonly node: NodeBody;
  readonly box: Box;
  readonly nowMs: number;
  readonly isSelected: boolean;
  /** Only its name is drawn. */
  readonly isCrowded: boolean;
  readonly onSelect: (selection: Selection) => void;
};

export const NodeBox = memo(({ node, box, nowMs, isSelected, isCrowded, onSelect }: Props) => {
  const select = (): void => onSelect({ kind: "node", id: node.id });
  const state = node.kind === "outside" ? "outside" : node.state;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button cannot be part of an SVG
    <g
      class={`node ${state} ${isSelected ? "selected" : ""}`}
      style={{ transform: `translate(${box.x}px, ${box.y}px)` }}
      role="button"
      tabIndex={0}
      aria-label={`${node.name}, ${wordOf(node, nowMs)}`}
      onClick={select}
      onFocus={select}
    >
      <rect class="box" width={box.width} height={box.height} rx="8" />
      <text class="name" x="14" y="25">
        {node.name}
      </text>
      {!isCrowded && (
        <>
          <text class="tag" x={box.width - 14} y="25" text-anchor="end">
            {node.kind === "outside" ? "" : node.namespace}
          </text>
          <Numbers node={node} nowMs={nowMs} />
          {node.subsets.length > 1 && <Subsets names={node.subsets} y={box.height - 26} />}
        </>
      )}
    </g>
  );
});

function Numbers({ node, nowMs }: { readonly node: NodeBody; readonly nowMs: number }) {
  if (node.kind === "outside") {
    return (
      <text class="figure" x="14" y="52">
        {printRate(node.requestsPerSecond)}/s sent
      </text>
    );
  }
  if (node.state !== "ready") {
    const [state, since] = wordOf(node, nowMs).split(", ");
    return (
      <>
        <text class="trouble" x="14" y="52">
          {state}
        </text>
        <text class="label" x="14" y="72">
          {since}
        </text>
      </>
    );
  }
  return (
    <>
      <text class="figure" x="14" y="52">
        {printRate(node.requestsPerSecond)}/s
      </text>
      {node.requestsPerSecond > 0 && (
        <text class={`figure ${healthOf(node.success)}`} x="70" y="52">
          {printShare(node.success)}
        </text>
      )}
      <text class="label" x="14" y="72">
        p50 {printMs(node.p50Ms)} · p99 {printMs(node.p99Ms)}
      </text>
    </>
  );
}

/** As many as there is room for, each whole; the others are counted, and named where the pointer rests. */
function Subsets({ names, y }: { readonly names: readonly string[]; readonly y: number }) {
  return (
    <>
      <title>{names.join(", ")}</title>
      {layChips(names, CHIPS_WIDTH).map(({ name, x, width }) => (
        <g key={name} style={{ transform: `translate(${14 + x}px, ${y}px)` }}>
          <rect class="chip" width={width} height="17" rx="4" />
          <text class="chip-name" x={width / 2} y="12.5" text-anchor="middle">
            {name}
          </text>
        </g>
      ))}
    </>
  );
}

function wordOf({ state, lastWordMs }: NodeBody, nowMs: number): string {
  const since = lastWordMs === undefined ? "" : `, last word ${printAge(nowMs - lastWordMs)} ago`;
  switch (state) {
    case "ready":
      return "ready";
    case "none":
      return "no sidecar";
    case "stale":
      return `silent${since}`;
    case "gone":
      return `sidecar gone${since}`;
  }
}
