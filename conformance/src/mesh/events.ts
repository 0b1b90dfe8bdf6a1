/** The controller's server-sent events: waits for a body that a test is looking for, told whole or as what changed. */
import { applyChange, type BodyChange } from "@regomesh/base";
import { within } from "./deadline.ts";

/** The first body of a name that `wanted` takes; the connection ends with it. */
export async function nextEvent<Body extends object>(
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

async function find<Body extends object>(
  page: string,
  name: string,
  wanted: (body: Body) => boolean,
  signal: AbortSignal,
): Promise<Body> {
  const response = await fetch(`${page}/api/events`, { signal });
  if (response.body === null) throw new Error("the events have no content");
  let text = "";
  let last: Body | undefined;
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) {
      const [, event, data = ""] = /^event: (\S+)\ndata: (.*)$/s.exec(frame) ?? [];
      if (event === name) last = JSON.parse(data) as Body;
      else if (event === `${name}-change` && last !== undefined)
        last = applyChange(last, JSON.parse(data) as BodyChange);
      else continue;
      if (wanted(last)) return last;
    }
  }
  throw new Error("the events ended");
}
