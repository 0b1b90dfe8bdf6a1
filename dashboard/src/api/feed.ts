/**
 * What the page knows: the newest words of the controller, and whether it still speaks.
 * Server-sent events bring status, graph and decisions; after a loss the stream is opened
 * again with growing pauses, and what is shown is marked with the time of the last word.
 */
import { applyChange, type BodyChange } from "@regomesh/base";
import type { DecisionBody, DecisionsBody, GraphBody, HistoryBody, StatusBody } from "@regomesh/controller/api";

export type Link =
  | { readonly kind: "loading" }
  | { readonly kind: "live" }
  /** `sinceMs`: the last word came then. */
  | { readonly kind: "away"; readonly sinceMs: number | undefined };

export type Feed = {
  readonly link: Link;
  readonly status: StatusBody | undefined;
  readonly graph: GraphBody | undefined;
  /** Newest first. */
  readonly decisions: readonly DecisionBody[];
  readonly dropped: number;
};

export const EMPTY: Feed = {
  link: { kind: "loading" },
  status: undefined,
  graph: undefined,
  decisions: [],
  dropped: 0,
};

/** Decisions that the page keeps. */
const DECISIONS_MAX = 300;
const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 15_000;
/** The controller sends something every second. */
const SILENCE_MS = 6000;

/** Opens the stream; each change is told to `onChange`. The result ends it. */
export function openFeed(onChange: (feed: Feed) => void): () => void {
  let feed = EMPTY;
  let lastWordMs: number | undefined;
  let retryMs = RETRY_FIRST_MS;
  let source: EventSource | undefined;
  let retry: number | undefined;
  // Several words come at once, at the start above all: each is shown in a frame of its own, and the window answers between.
  let waiting: (() => void)[] = [];
  let isTurning = false;
  const turns = new MessageChannel();
  const turn = (): void => {
    isTurning = true;
    const post = () => turns.port2.postMessage(undefined);
    // Frames of a window that nobody sees do not come.
    if (document.hidden) post();
    else requestAnimationFrame(post);
  };
  turns.port1.onmessage = () => {
    waiting.shift()?.();
    isTurning = waiting.length > 0;
    if (isTurning) turn();
  };
  const tell = (change: Partial<Feed>): void => {
    feed = { ...feed, ...change };
    onChange(feed);
  };
  const heard = (change: Partial<Feed>): void => {
    lastWordMs = Date.now();
    retryMs = RETRY_FIRST_MS;
    tell({ ...change, link: { kind: "live" } });
  };
  const lose = (): void => {
    source?.close();
    waiting = [];
    tell({ link: { kind: "away", sinceMs: lastWordMs } });
    window.clearTimeout(retry);
    retry = window.setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  };
  const connect = (): void => {
    source = new EventSource("/api/events");
    const on = (name: string, change: (value: unknown) => Partial<Feed>): void => {
      source?.addEventListener(name, (event) => {
        waiting.push(() => heard(change(JSON.parse((event as MessageEvent<string>).data))));
        if (!isTurning || document.hidden) turn();
      });
    };
    on("status", (value) => ({ status: value as StatusBody }));
    on("graph", (value) => ({ graph: value as GraphBody }));
    // Whole bodies come first; what changes is told of the last one.
    on("status-change", (value) => ({ status: feed.status && applyChange(feed.status, value as BodyChange) }));
    on("graph-change", (value) => ({ graph: feed.graph && applyChange(feed.graph, value as BodyChange) }));
    on("decisions", (value) => addDecisions(feed, value as DecisionsBody));
    on("heartbeat", () => ({}));
    source.onerror = lose;
  };
  const watch = window.setInterval(() => {
    if (feed.link.kind === "live" && lastWordMs !== undefined && Date.now() - lastWordMs > SILENCE_MS) lose();
  }, 1000);
  connect();
  return () => {
    window.clearInterval(watch);
    window.clearTimeout(retry);
    source?.close();
    turns.port1.close();
  };
}

/** New decisions before the known ones, each once. */
export function addDecisions(feed: Feed, { decisions, dropped }: DecisionsBody): Partial<Feed> {
  const known = new Set(decisions.map(({ id }) => id));
  const kept = feed.decisions.filter(({ id }) => !known.has(id));
  return { decisions: [...decisions, ...kept].slice(0, DECISIONS_MAX), dropped };
}

/** The last ten minutes of an edge; undefined where the controller does not answer. */
export async function fetchHistory(edge: string): Promise<HistoryBody | undefined> {
  const response = await fetch(`/api/history?edge=${encodeURIComponent(edge)}`);
  return response.ok ? ((await response.json()) as HistoryBody) : undefined;
}

/** One decision with the source of its rules; undefined where the controller has forgotten it. */
export async function fetchDecision(id: string): Promise<DecisionBody | undefined> {
  const response = await fetch(`/api/decisions/${encodeURIComponent(id)}`);
  return response.ok ? ((await response.json()) as DecisionBody) : undefined;
}
