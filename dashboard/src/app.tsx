/** The one screen: top line, graph, panel, strip; and the keys. */
import { useEffect, useRef, useState } from "preact/hooks";
import { EMPTY, type Feed, openFeed } from "./api/feed.ts";
import { GraphView } from "./graph/graph-view.tsx";
import { Panel } from "./panel/panel.tsx";
import { type Selection, type Step, search, walk } from "./selection.ts";
import { Strip } from "./strip/strip.tsx";
import { TopLine } from "./top/top-line.tsx";

const STEPS: Readonly<Record<string, Step>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

export function App() {
  const [feed, setFeed] = useState<Feed>(EMPTY);
  const [selection, setSelection] = useState<Selection>({ kind: "mesh" });
  const [filter, setFilter] = useState("");
  const [nowMs, setNowMs] = useState(() => Date.now());
  const searchField = useRef<HTMLInputElement>(null);
  useEffect(() => openFeed(setFeed), []);
  useEffect(() => {
    const timer = window.setInterval(() => setNowMs(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLInputElement;
      if (event.key === "Escape") {
        setSelection({ kind: "mesh" });
        (event.target as HTMLElement).blur();
      }
      if (isTyping || event.metaKey || event.ctrlKey || event.altKey) return;
      if (event.key === "/") {
        event.preventDefault();
        searchField.current?.focus();
      }
      const step = STEPS[event.key];
      if (step === undefined || feed.graph === undefined) return;
      event.preventDefault();
      setSelection(walk(feed.graph, selection, step));
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [feed.graph, selection]);
  const { graph } = feed;
  return (
    <div class={`app ${feed.link.kind}`}>
      <TopLine feed={feed} nowMs={nowMs} onSelect={setSelection} onRefused={() => setFilter("refused")} />
      <main>
        <input
          ref={searchField}
          class="search"
          type="search"
          placeholder="/ find a service"
          aria-label="find a service"
          onInput={(event) => {
            const found = graph === undefined ? undefined : search(graph, event.currentTarget.value);
            if (found !== undefined) setSelection(found);
          }}
        />
        {graph === undefined ? (
          <p class="empty">{feed.link.kind === "away" ? "The controller does not answer." : "Loading the graph …"}</p>
        ) : (
          <GraphView graph={graph} selection={selection} onSelect={setSelection} />
        )}
      </main>
      <Panel feed={feed} selection={selection} nowMs={nowMs} onSelect={setSelection} />
      <Strip feed={feed} filter={filter} onFilter={setFilter} onSelect={setSelection} />
    </div>
  );
}
