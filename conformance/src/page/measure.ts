/** What the page costs at size: bytes a second of its events, and the longest task of its thread in a real browser. */
import { openBusyMesh } from "@regomesh/controller/test";
import { Browser, type TraceEvent } from "./devtools.ts";

export type PageOptions = {
  readonly services: number;
  readonly calls: number;
  readonly seconds: number;
  /** The browser's program. */
  readonly browser: string;
};

export type PageCost = {
  /** Of the whole bodies that a page is told first. */
  readonly firstBytes: number;
  readonly bytesPerSecond: number;
  /** Of the page's own thread, from its navigation on: time on a CPU, and by the clock. */
  readonly longestTaskMs: number;
  readonly longestTaskWallMs: number;
  /** Tasks that took a CPU longer than 50 ms. */
  readonly longTasks: number;
  /** Seconds of CPU of that thread, a second. */
  readonly cpuShare: number;
  readonly boxes: number;
  readonly lines: number;
  readonly picture: Buffer;
};

const LONG_TASK_MS = 50;
const [WIDTH, HEIGHT] = [1600, 900];

export async function measurePage({ services, calls, seconds, browser: program }: PageOptions): Promise<PageCost> {
  const mesh = await openBusyMesh({ services, calls, seed: 1 });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => mesh.close());
  const events = await countEvents(`${mesh.url}/api/events`, seconds);
  const browser = stack.use(await Browser.open(program, WIDTH, HEIGHT));
  let session = "";
  const traced = await browser.trace(async () => {
    session = await browser.show(mesh.url);
    await new Promise((done) => setTimeout(done, seconds * 1000));
  });
  const tasks = tasksOf(traced, mesh.url);
  const cpu = tasks.map(({ tdur = 0 }) => tdur / 1000);
  const countOf = async (selector: string) =>
    Number(await browser.evaluate(session, `document.querySelectorAll(${JSON.stringify(selector)}).length`));
  return {
    ...events,
    longestTaskMs: Math.max(0, ...cpu),
    longestTaskWallMs: Math.max(0, ...tasks.map(({ dur = 0 }) => dur / 1000)),
    longTasks: cpu.filter((ms) => ms > LONG_TASK_MS).length,
    cpuShare: cpu.reduce((sum, ms) => sum + ms, 0) / 1000 / seconds,
    boxes: await countOf("svg.graph .node"),
    lines: await countOf("svg.graph .edge"),
    picture: await browser.picture(session),
  };
}

async function countEvents(url: string, seconds: number): Promise<Pick<PageCost, "firstBytes" | "bytesPerSecond">> {
  const leave = new AbortController();
  const response = await fetch(url, { signal: leave.signal });
  let [firstBytes, bytes, startMs] = [0, 0, 0];
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    if (startMs > 0) {
      bytes += Buffer.byteLength(chunk);
      if (performance.now() - startMs > seconds * 1000) break;
      continue;
    }
    text += chunk;
    // The first decisions come last of what a page is told at once.
    if (!/event: decisions\n.*\n\n/s.test(text)) continue;
    firstBytes = Buffer.byteLength(text);
    startMs = performance.now();
  }
  const tookMs = performance.now() - startMs;
  leave.abort();
  return { firstBytes, bytesPerSecond: bytes / (tookMs / 1000) };
}

/** What the page's own thread did, one after the other: the browser has pages of its own beside it. */
function tasksOf(events: readonly TraceEvent[], url: string): readonly TraceEvent[] {
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
  const own = events.find(({ name, args }) => name === "FunctionCall" && args?.data?.url?.startsWith(url));
  if (own === undefined) throw new Error("the browser ran nothing of the page");
  return outermost(events.filter((each) => each.ph === "X" && threadOf(each) === threadOf(own)));
}

/** Without what happens within something else. */
function outermost(events: readonly TraceEvent[]): readonly TraceEvent[] {
  let untilUs = 0;
  return events
    .toSorted((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))
    .filter(({ ts, dur = 0 }) => {
      const isWithin = ts + dur <= untilUs;
      untilUs = Math.max(untilUs, ts + dur);
      return !isWithin;
    });
}
