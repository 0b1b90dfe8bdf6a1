/** Requests to the edge at a steady rate, and clients that stall or leave in the middle of one. */
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import type { Random } from "@regomesh/base";

const TICK_MS = 20;
const ANSWER_MS = 10_000;
/** A client that stalls is gone after this, whatever the proxy does. */
const STALL_MS = 15_000;

const USERS = ["alice", "bob", "mallory"] as const;
const TARGETS = [
  ["GET", "/orders"],
  ["GET", "/orders"],
  ["GET", "/refunds"],
  ["POST", "/refunds"],
] as const;

/** How many there were of each status; what had no answer is named by its error. */
export type Answers = ReadonlyMap<string, number>;

/** The most frequent first. */
export function printCounts(counted: ReadonlyMap<string, number>): string {
  const counts = [...counted].sort(([, a], [, b]) => b - a).map(([what, count]) => `${count} × ${what}`);
  return counts.length === 0 ? "none" : counts.join(", ");
}

export class Traffic {
  readonly #edge: URL;
  readonly #random: Random;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;
  #answers = new Map<string, number>();
  #owed = 0;
  #lastMs = performance.now();
  #isUnderWay = 0;
  #onIdle: () => void = () => {};

  constructor(edge: string, perSecond: number, random: Random) {
    this.#edge = new URL(edge);
    this.#random = random;
    this.#timer = setInterval(() => this.#tick(perSecond), TICK_MS);
  }

  /** Clients that begin a request and say no more. */
  stall(count: number): void {
    for (let i = 0; i < count; i++) {
      const socket = this.#dial();
      socket.write("POST /orders HTTP/1.1\r\nHost: web\r\nContent-Length: 100\r\n\r\nhalf");
      setTimeout(() => socket.destroy(), STALL_MS).unref();
    }
  }

  /** Clients that ask, and reset the connection before the answer. */
  reset(count: number): void {
    for (let i = 0; i < count; i++) {
      const socket = this.#dial();
      socket.write("GET /orders?user=bob HTTP/1.1\r\nHost: web\r\nX-User: bob\r\n\r\n", () => {
        if (!socket.destroyed) socket.resetAndDestroy();
      });
    }
  }

  /** The answers since the last call. */
  takeAnswers(): Answers {
    const answers = this.#answers;
    this.#answers = new Map();
    return answers;
  }

  /** Asks nothing more, and waits for what is under way: the end of the harness is no fault of the mesh. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#isUnderWay > 0) await new Promise<void>((done) => (this.#onIdle = done));
    this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#agent.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  #dial(): Socket {
    const socket = connect({ host: this.#edge.hostname, port: Number(this.#edge.port) });
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    socket.resume();
    return socket;
  }

  #tick(perSecond: number): void {
    const nowMs = performance.now();
    // A harness that was held up does not make up for it by a flood.
    this.#owed = Math.min(this.#owed + ((nowMs - this.#lastMs) * perSecond) / 1000, perSecond / 5);
    this.#lastMs = nowMs;
    for (; this.#owed >= 1; this.#owed--) this.#ask();
  }

  #ask(): void {
    const user = USERS[Math.floor(this.#random() * USERS.length)] ?? "alice";
    const [method, path] = TARGETS[Math.floor(this.#random() * TARGETS.length)] ?? TARGETS[0];
    const outgoing = request(`${this.#edge.origin}${path}?user=${user}`, {
      method,
      agent: this.#agent,
      headers: { "x-user": user, "content-length": "0" },
      timeout: ANSWER_MS,
    });
    this.#isUnderWay++;
    outgoing.on("response", (response) => {
      response.resume();
      response.on("error", () => {});
      this.#count(String(response.statusCode));
    });
    outgoing.on("timeout", () => outgoing.destroy(Object.assign(new Error("no answer"), { code: "no answer" })));
    outgoing.on("error", (error: NodeJS.ErrnoException) => this.#count(error.code ?? "error"));
    outgoing.on("close", () => {
      if (--this.#isUnderWay === 0) this.#onIdle();
    });
    outgoing.end();
  }

  #count(what: string): void {
    this.#answers.set(what, (this.#answers.get(what) ?? 0) + 1);
  }
}
