/** The stream of the page: what the controller says, in its order, a task each. */
import { afterEach, expect, test, vi } from "vitest";
import { type Feed, openFeed } from "./feed.ts";

class Source extends EventTarget {
  static readonly all: Source[] = [];
  onerror: (() => void) | undefined;
  constructor() {
    super();
    Source.all.push(this);
  }
  say(name: string, value: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(value) }));
  }
  close(): void {}
}

afterEach(() => vi.unstubAllGlobals());

const DECISIONS = { decisions: [{ id: "a" }], dropped: 0 };

test.each(["seen", "hidden"])(
  "words that come together are shown one after the other, each by itself; those of a stream that is lost are not: a window that is %s",
  async (window) => {
    Source.all.length = 0;
    vi.stubGlobal("EventSource", Source);
    vi.stubGlobal("window", globalThis);
    vi.stubGlobal("document", { hidden: window === "hidden" });
    // Who is hidden gets no frame.
    vi.stubGlobal("requestAnimationFrame", (show: () => void) => void (window === "seen" && setImmediate(show)));
    const told: Feed[] = [];
    let onTold = (): void => {};
    const close = openFeed((feed) => {
      told.push(feed);
      onTold();
    });
    const next = () => new Promise<void>((done) => (onTold = done));
    const [source] = Source.all;
    source?.say("status", { nowMs: 1 });
    source?.say("decisions", DECISIONS);
    source?.say("status", { nowMs: 2 });
    expect(told).toEqual([]);
    await next();
    expect(told.map(({ status, decisions }) => [status?.nowMs, decisions.length])).toEqual([[1, 0]]);
    await next();
    await next();
    expect(told.map(({ status, decisions }) => [status?.nowMs, decisions.length])).toEqual([
      [1, 0],
      [1, 1],
      [2, 1],
    ]);
    source?.say("status", { nowMs: 3 });
    source?.onerror?.();
    await new Promise((done) => setImmediate(done));
    expect(told.map(({ link, status }) => [link.kind, status?.nowMs]).slice(3)).toEqual([["away", 2]]);
    close();
  },
);
