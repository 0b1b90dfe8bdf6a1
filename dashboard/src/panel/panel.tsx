/** What is selected, in full. */
import type { Feed } from "../api/feed.ts";
import type { Selection } from "../selection.ts";
import { DecisionPanel } from "./decision-panel.tsx";
import { EdgePanel } from "./edge-panel.tsx";
import { MeshPanel } from "./mesh-panel.tsx";
import { NodePanel } from "./node-panel.tsx";
import { RevisionPanel } from "./revision-panel.tsx";

type Props = {
  readonly feed: Feed;
  readonly selection: Selection;
  readonly nowMs: number;
  readonly onSelect: (selection: Selection) => void;
};

export function Panel({ feed, selection, nowMs, onSelect }: Props) {
  return (
    <aside class="panel" aria-live="off">
      {selection.kind !== "mesh" && (
        <button type="button" class="close" aria-label="back to the mesh" onClick={() => onSelect({ kind: "mesh" })}>
          ×
        </button>
      )}
      <Content feed={feed} selection={selection} nowMs={nowMs} onSelect={onSelect} />
    </aside>
  );
}

function Content({ feed, selection, nowMs, onSelect }: Props) {
  const { graph, status } = feed;
  switch (selection.kind) {
    case "mesh":
      return <MeshPanel status={status} nowMs={nowMs} />;
    case "revision":
      return <RevisionPanel status={status} nowMs={nowMs} />;
    case "node": {
      const node = graph?.nodes.find(({ id }) => id === selection.id);
      return node === undefined ? <Gone /> : <NodePanel node={node} nowMs={nowMs} />;
    }
    case "edge": {
      const edge = graph?.edges.find(({ id }) => id === selection.id);
      if (edge === undefined) return <Gone />;
      return <EdgePanel edge={edge} decisions={feed.decisions} onSelect={onSelect} />;
    }
    case "decision": {
      const known = feed.decisions.find(({ id }) => id === selection.id);
      return <DecisionPanel id={selection.id} known={known} />;
    }
  }
}

function Gone() {
  return <p class="dim">It is no longer there.</p>;
}
