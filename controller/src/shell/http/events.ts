/**
 * Server-sent events: graph, status and decisions to every page that is open. A page is told each whole
 * when it comes, and then what changes (`graph-change`, `status-change`), at most once a second and,
 * where a mesh is so large that a second's change is long, as seldom as keeps within the bytes that a
 * page is sent.
 */
import type { ServerResponse } from "node:http";
import { changeOf, type Fields, type ListKeys } from "@regomesh/base";
import type { DecisionBody, DecisionsBody } from "../../api/decisions.ts";
import type { EdgeBody, NodeBody } from "../../api/graph.ts";
import type { ProxyBody } from "../../api/proxies.ts";
import { toShownGraph, toShownStatus } from "../../status/shown.ts";
import type { MeshState } from "../mesh.ts";

const INTERVAL_MS = 1000;
const CLIENTS_MAX = 64;
/** To a page that has this much to read yet nothing more is sent; when it has read it, it is told all anew. */
const UNREAD_BYTES_MAX = 4 * 1024 * 1024;
/** A page that reads nothing for so long is let go; it comes back by itself. */
const UNREAD_MS_MAX = 30_000;
/** Decisions that a page is told when it comes, and later each second: more than anybody reads. */
const DECISIONS_FIRST = 60;
const DECISIONS_EACH = 20;

type Told = "status" | "graph";

/** Bytes a second of each: a page of a mesh of any size takes less than 100 KB a second. */
const BYTES_PER_SECOND_MAX: Readonly<Record<Told, number>> = { status: 20_000, graph: 50_000 };

const KEYS: Readonly<Record<Told, ListKeys>> = {
  graph: { nodes: (node) => (node as NodeBody).id, edges: (edge) => (edge as EdgeBody).id },
  status: {
    proxies: (proxy) => {
      const { namespace, workload, instance = "" } = proxy as ProxyBody;
      return `${namespace}/${workload} ${instance}`;
    },
  },
};

export class EventStream {
  readonly #mesh: MeshState;
  readonly #clients = new Set<ServerResponse>();
  /** Those that have too much to read yet, and since when: what was told since they have not. */
  readonly #behindSince = new Map<ServerResponse, number>();
  /** What every page has that is not behind, and when it may be told more. */
  readonly #told = new Map<Told, { readonly body: Fields; readonly dueMs: number }>();
  #timer: NodeJS.Timeout | undefined;
  #decisionsVersion = 0;
  /** Decisions that were kept, and told to no page. */
  #decisionsLeftOut = 0;

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
    if (this.#clients.size === 0) {
      this.#told.clear();
      this.#decisionsVersion = this.#mesh.decisions.version;
      for (const name of ["status", "graph"] as const) this.#told.set(name, { body: this.#body(name), dueMs: 0 });
    }
    this.#clients.add(response);
    response.on("close", () => this.#remove(response));
    response.on("error", () => this.#remove(response));
    response.write(this.#whole());
    response.write(frame("decisions", this.#mesh.decisions.list({ limit: DECISIONS_FIRST })));
    this.#timer ??= setInterval(() => this.#tick(), INTERVAL_MS);
  }

  /** Something has changed that status shows: said at once, unless it was just said. */
  poke(): void {
    if (this.#clients.size > 0) this.#tell("status");
  }

  close(): void {
    for (const client of this.#clients) client.destroy();
    this.#clients.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const told = [this.#tell("status"), this.#tell("graph"), this.#tellDecisions()];
    if (!told.includes(true)) this.#write(frame("heartbeat", {}));
    const behind = [...this.#behindSince.keys()].filter((client) => client.writableLength <= UNREAD_BYTES_MAX);
    for (const client of behind) {
      this.#behindSince.delete(client);
      client.write(this.#whole());
    }
  }

  /** Tells what has changed, where it may be told more by now; whether anything was told. */
  #tell(name: Told): boolean {
    const nowMs = performance.now();
    const before = this.#told.get(name);
    if (before === undefined || nowMs < before.dueMs) return false;
    const body = this.#body(name);
    const change = changeOf(before.body, body, KEYS[name]);
    const text = change === undefined ? "" : frame(`${name}-change`, change);
    // Timers wander: a second that is a few milliseconds short is one.
    const pauseMs = Math.max(INTERVAL_MS * 0.9, (text.length / BYTES_PER_SECOND_MAX[name]) * 1000);
    this.#told.set(name, { body, dueMs: nowMs + pauseMs });
    if (text !== "") this.#write(text);
    return text !== "";
  }

  #tellDecisions(): boolean {
    const { decisions } = this.#mesh;
    if (decisions.version === this.#decisionsVersion) return false;
    const listed = decisions.list({ after: this.#decisionsVersion, limit: decisions.version - this.#decisionsVersion });
    this.#decisionsVersion = decisions.version;
    const shown = pickShown(listed);
    this.#decisionsLeftOut += listed.decisions.length - shown.length;
    this.#write(frame("decisions", { ...listed, decisions: shown, dropped: listed.dropped + this.#decisionsLeftOut }));
    return true;
  }

  #body(name: Told): Fields {
    return name === "graph" ? toShownGraph(this.#mesh.graph()) : toShownStatus(this.#mesh.status());
  }

  /** All that whoever is not behind has been told. */
  #whole(): string {
    return [...this.#told].map(([name, { body }]) => frame(name, body)).join("");
  }

  #write(text: string): void {
    const nowMs = performance.now();
    for (const client of this.#clients) {
      const since = this.#behindSince.get(client);
      if (since === undefined && client.writableLength <= UNREAD_BYTES_MAX) client.write(text);
      else if (since === undefined) this.#behindSince.set(client, nowMs);
      else if (nowMs - since > UNREAD_MS_MAX) client.destroy();
    }
  }

  #remove(client: ServerResponse): void {
    this.#clients.delete(client);
    this.#behindSince.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** The newest of a second, refused ones first. */
function pickShown({ decisions }: DecisionsBody): readonly DecisionBody[] {
  if (decisions.length <= DECISIONS_EACH) return decisions;
  const isRefused = ({ verdict }: DecisionBody) => verdict !== "allowed";
  const shown = new Set([...decisions.filter(isRefused), ...decisions].slice(0, DECISIONS_EACH));
  return decisions.filter((each) => shown.has(each));
}

/** JSON has no raw line ends, so one data line holds it. */
function frame(name: string, body: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(body)}\n\n`;
}
