/** A trickle of requests from outside, so that the page has something to show. */
import { request } from "node:http";

/** Who asks for what, in turn; mallory and alice's refund are refused. */
const CALLERS = [
  ["alice", "/orders"],
  ["bob", "/orders"],
  ["alice", "/orders"],
  ["bob", "/refunds"],
  ["alice", "/orders"],
  ["bob", "/orders"],
  ["mallory", "/orders"],
  ["alice", "/orders"],
  ["alice", "/refunds"],
  ["bob", "/orders"],
] as const;

const INTERVAL_MS = 150;
const TIMEOUT_MS = 5000;

/** Starts the trickle; the result ends it. */
export function startTraffic(edge: string): () => void {
  let turn = 0;
  const timer = setInterval(() => {
    const [user, path] = CALLERS[turn % CALLERS.length] ?? CALLERS[0];
    turn++;
    ask(edge, path, user).catch(() => undefined);
  }, INTERVAL_MS);
  return () => clearInterval(timer);
}

export type EdgeAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

/** One request to the edge as a user; `more`: fields beside that. */
export function ask(
  edge: string,
  path: string,
  user: string,
  more: Readonly<Record<string, string>> = {},
): Promise<EdgeAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { "x-user": user, ...more };
    const outgoing = request(`${edge}${path}`, { headers, timeout: TIMEOUT_MS }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.on("error", reject);
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("timeout")));
    outgoing.on("error", reject);
    outgoing.end();
  });
}
