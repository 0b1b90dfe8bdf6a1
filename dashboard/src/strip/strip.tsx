/** Decisions as they come. It stands still while the pointer rests on it. */
import type { DecisionBody } from "@regomesh/controller/api";
import { useEffect, useState } from "preact/hooks";
import type { Feed } from "../api/feed.ts";
import { useRoom } from "../room.ts";
import type { Selection } from "../selection.ts";
import { DecisionLine } from "./decision-line.tsx";
import { filterDecisions } from "./filter.ts";

/** Lines that a frame draws more: as many as are seen without scrolling. */
const PART = 12;

type Props = {
  readonly feed: Feed;
  readonly filter: string;
  readonly onFilter: (text: string) => void;
  readonly onSelect: (selection: Selection) => void;
};

export function Strip({ feed, filter, onFilter, onSelect }: Props) {
  const [isPaused, setPaused] = useState(false);
  const [seen, setSeen] = useState<readonly DecisionBody[]>([]);
  useEffect(() => {
    if (!isPaused) setSeen(feed.decisions);
  }, [feed.decisions, isPaused]);
  const shown = filterDecisions(seen, filter);
  const room = useRoom(shown.length, PART);
  return (
    <section
      class="strip"
      aria-label="Decisions"
      onMouseEnter={() => setPaused(true)}
      onMouseLeave={() => setPaused(false)}
      onFocusIn={() => setPaused(true)}
      onFocusOut={() => setPaused(false)}
    >
      <div class="strip-head">
        <h2>Decisions</h2>
        <input
          type="search"
          placeholder="filter: refused web payments"
          aria-label="filter decisions"
          value={filter}
          onInput={(event) => onFilter(event.currentTarget.value)}
        />
        <span class="dim">
          {isPaused ? "paused" : ""}
          {feed.dropped > 0 ? ` sampled: ${feed.dropped} more were made and not kept` : ""}
        </span>
      </div>
      {shown.length === 0 && (
        <p class="dim empty-strip">{seen.length === 0 ? "No decision yet." : "None of the last decisions matches."}</p>
      )}
      <ol class="decisions">
        {shown.slice(0, room).map((decision) => (
          <DecisionLine key={decision.id} decision={decision} onSelect={onSelect} />
        ))}
      </ol>
    </section>
  );
}
