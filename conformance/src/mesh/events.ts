/** The controller's server-sent events: waits for one that a test is looking for. */
import { within } from "./deadline.ts";

/** The first event of a name that `wanted` takes; the connection ends with it. */
export async function nextEvent<Body>(
  page: string,
  name: "status" | "graph" | "decisions",
  { what, withinMs, wanted }: { readonly what: string; readonly withinMs: number; wanted(body: Body): boolean },
): Promise<Body> {
  const ending = new AbortController();
  try {
    return await within(what, withinMs, find(page, name, wanted, ending.signal));
  } finally {
    ending.abort();
  }
}

async function find<Body>(
  page: string,
  name: string,
  wanted: (body: Body) => boolean,
  signal: AbortSignal,
): Promise<Body> {
  const response = await fetch(`${page}/api/events`, { signal });
  if (response.body === null) throw new Error("the events have no content");
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) {
      const data = frame.startsWith(`event: ${name}\n`) ? frame.slice(frame.indexOf("data: ") + 6) : undefined;
      const body = data === undefined ? undefined : (JSON.parse(data) as Body);
      if (body !== undefined && wanted(body)) return body;
    }
  }
  throw new Error("the events ended");
}
