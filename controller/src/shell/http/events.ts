/** Server-sent events: graph, status and decisions to every page that is open, each at most once a second. */
import type { ServerResponse } from "node:http";
import type { MeshState } from "../mesh.ts";

const INTERVAL_MS = 1000;
const HEARTBEAT_MS = 15_000;
const CLIENTS_MAX = 64;
/** To a page that has this much to read yet nothing more is sent: the next event says what is then. */
const UNREAD_BYTES_MAX = 4 * 1024 * 1024;
/** A page that reads nothing for so long is let go; it comes back by itself. */
const UNREAD_MS_MAX = 30_000;
const DECISIONS_SHOWN = 60;

type EventName = "graph" | "status" | "decisions";

export class EventStream {
  readonly #mesh: MeshState;
  readonly #clients = new Set<ServerResponse>();
  /** Those that have too much to read yet, and since when. */
  readonly #behindSince = new WeakMap<ServerResponse, number>();
  readonly #sent = new Map<EventName, { readonly atMs: number }>();
  #timer: NodeJS.Timeout | undefined;
  #heartbeatMs = 0;
  #decisionsVersion = -1;

  constructor(mesh: MeshState) {
    this.#mesh = mesh;
  }

  get isFull(): boolean {
    return this.#clients.size >= CLIENTS_MAX;
  }

  /** Takes a response over until its client leaves. */
  add(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
    response.writeHead(200, {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      connection: "keep-alive",
    });
    response.write("retry: 1000\n\n");
    this.#clients.add(response);
    response.on("close", () => this.#remove(response));
    response.on("error", () => this.#remove(response));
    for (const name of ["status", "graph", "decisions"] as const) response.write(frame(name, this.#text(name)));
    this.#timer ??= setInterval(() => this.#tick(), INTERVAL_MS);
  }

  /** Something has changed that status shows: said at once, unless it was just said. */
  poke(): void {
    const last = this.#sent.get("status")?.atMs ?? 0;
    if (this.#clients.size > 0 && performance.now() - last >= INTERVAL_MS) this.#send("status");
  }

  close(): void {
    for (const client of this.#clients) client.destroy();
    this.#clients.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const { version } = this.#mesh.decisions;
    this.#send("status");
    this.#send("graph");
    if (version !== this.#decisionsVersion) this.#send("decisions");
    this.#decisionsVersion = version;
    this.#heartbeatMs += INTERVAL_MS;
    if (this.#heartbeatMs < HEARTBEAT_MS) return;
    this.#heartbeatMs = 0;
    this.#write(": alive\n\n");
  }

  #send(name: EventName): void {
    const text = this.#text(name);
    this.#sent.set(name, { atMs: performance.now() });
    this.#write(frame(name, text));
  }

  #text(name: EventName): string {
    if (name === "graph") return JSON.stringify(this.#mesh.graph());
    if (name === "status") return JSON.stringify(this.#mesh.status());
    return JSON.stringify(this.#mesh.decisions.list({ limit: DECISIONS_SHOWN }));
  }

  #write(text: string): void {
    const nowMs = performance.now();
    for (const client of this.#clients) {
      if (client.writableLength <= UNREAD_BYTES_MAX) {
        this.#behindSince.delete(client);
        client.write(text);
      } else if (nowMs - (this.#behindSince.get(client) ?? nowMs) > UNREAD_MS_MAX) client.destroy();
      else if (!this.#behindSince.has(client)) this.#behindSince.set(client, nowMs);
    }
  }

  #remove(client: ServerResponse): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** JSON has no raw line ends, so one data line holds it. */
function frame(name: EventName, json: string): string {
  return `event: ${name}\ndata: ${json}\n\n`;
}
