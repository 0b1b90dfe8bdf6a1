/**
 * The frame of a demo service: an HTTP server on PORT, calls to other services through
 * HTTP_PROXY (their sidecar), fields that name user and trace passed on. Plain Node: it
 * knows nothing of the mesh.
 */
import { createServer, type IncomingMessage } from "node:http";

const PASSED_ON = ["x-user", "x-version", "x-request-id", "traceparent", "tracestate"] as const;

export type Answer = { readonly status: number; readonly body: unknown };
export type Call = (url: string, init?: { readonly method?: string }) => Promise<Answer>;
export type Handler = (request: { readonly method: string; readonly path: string }, call: Call) => Promise<Answer>;

/** Serves until the parent goes: its end of standard input closes. */
export function serve(name: string, handler: Handler): void {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://service").pathname;
    const call: Call = (url, init) => fetchJson(url, init?.method ?? "GET", passedOn(request));
    handler({ method: request.method ?? "GET", path }, call)
      .catch((error: unknown): Answer => ({ status: 502, body: { service: name, error: String(error) } }))
      .then(({ status, body }) => {
        response.writeHead(status, { "content-type": "application/json", server: name });
        response.end(`${JSON.stringify(body)}\n`);
      })
      .catch(() => response.destroy());
  });
  server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
    const address = server.address();
    process.stdout.write(
      `${JSON.stringify({ ready: true, service: name, port: typeof address === "object" ? address?.port : 0 })}\n`,
    );
  });
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
  process.on("SIGTERM", () => process.exit(0));
  process.on("SIGINT", () => {});
}

async function fetchJson(url: string, method: string, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(url, { method, headers, signal: AbortSignal.timeout(5000) });
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: text.trim() };
  }
}

function passedOn(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  return headers;
}
