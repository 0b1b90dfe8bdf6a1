/** What an API server tells a watch of one kind, event by event, as to a client of its own. */
import { request } from "node:https";
import type { ApiServer } from "./api-server.ts";

export type Condition = {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly observedGeneration?: number;
};

export type Seen = {
  readonly atMs: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: {
    readonly metadata: {
      readonly name: string;
      readonly generation: number;
      readonly resourceVersion: string;
      readonly finalizers?: readonly string[];
      readonly deletionTimestamp?: string;
    };
    readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly Condition[] };
  };
};

export type Watching = { readonly seen: readonly Seen[]; close(): void };

/** Between two watches: an API server that has just been told of a kind ends them for a moment. */
const AGAIN_MS = 200;

/** From now on: of what is there already, an ADDED each, and once more where the server ends the watch. */
export function watch(server: ApiServer, path: string): Watching {
  const seen: Seen[] = [];
  const ending = new AbortController();
  const running = async () => {
    while (!ending.signal.aborted) {
      await once(server, path, (event) => seen.push(event), ending.signal);
      if (!ending.signal.aborted) await new Promise((next) => setTimeout(next, AGAIN_MS));
    }
  };
  void running();
  return { seen, close: () => ending.abort() };
}

/** Until the server ends it. */
async function once(
  { url, token, caPem }: ApiServer,
  path: string,
  tell: (event: Seen) => void,
  signal: AbortSignal,
): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const asked = request(`${url}${path}?watch=true`, { ca: caPem, headers, signal });
  await new Promise<void>((done) => {
    asked.on("error", () => done());
    asked.on("response", (answer) => {
      let left = "";
      answer.setEncoding("utf8").on("error", () => done());
      answer.on("end", () => done());
      answer.on("data", (text: string) => {
        const lines = (left + text).split("\n");
        left = lines.pop() ?? "";
        for (const line of lines) {
          const event = JSON.parse(line) as Omit<Seen, "atMs" | "type"> & { readonly type: Seen["type"] | "ERROR" };
          if (event.type === "ERROR") asked.destroy();
          else tell({ atMs: performance.now(), ...event, type: event.type });
        }
      });
    });
    asked.end();
  });
}

export function conditionOf({ object: { status } }: Seen, type: string): Condition | undefined {
  return status?.conditions?.find((each) => each.type === type);
}
