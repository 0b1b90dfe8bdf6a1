/**
 * A listening socket, and whom its connections are given to. The socket stays while what
 * it stands for changes (name, mode, workload): that is one assignment, so that there is
 * no moment in which a port is closed, or still answers in its old way.
 */
import { createServer, type Server, type Socket } from "node:net";
import { Counter } from "../../metrics/counters.ts";
import type { Acceptor } from "../downstream/acceptor.ts";
import type { Thread } from "../plane/thread.ts";
import { newcomersMax, type Served } from "./newcomers.ts";

/** Open connections of one listener; beyond it new ones are closed at once. */
const CONNECTIONS_MAX = 16_384;

export type Address = { readonly address: string; readonly port: number };

export type ListenOptions = Address & {
  /** Others of this process listen on the port, or on one that overlaps it. */
  readonly isShared: boolean;
  /** An IPv6 wildcard that leaves IPv4 to others. */
  readonly isOfOneFamily?: boolean;
  /** Who reads past Node's loop stops where a connection waits, of which that loop alone tells; the rest of a crowd is taken past it. */
  readonly thread: ListenerThread;
};
export type ListenerThread = Pick<Thread, "nativeReads" | "nativeAccepts" | "counters" | "turn">;

export class Listener {
  readonly #server: Server;
  #acceptor: Acceptor | undefined = undefined;
  /** Accepted before anyone was there to serve them. */
  #early: Socket[] = [];
  readonly #thread: ListenerThread;
  /** Connections that are told of are taken here. */
  #isTaking = false;
  /** When some were taken last. */
  #served: Served;
  address: Address = { address: "", port: 0 };

  private constructor(thread: ListenerThread) {
    this.#thread = thread;
    this.#served = servedBy(thread);
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#onConnection(socket));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Connections wait until `serve` says who takes them; rejects where the port is not to be had. */
  static async open(options: ListenOptions): Promise<Listener> {
    const { address: host, port, isShared, isOfOneFamily = false, thread } = options;
    const listener = new Listener(thread);
    const server = listener.#server;
    await new Promise<void>((done, fail) => {
      server.once("error", fail);
      server.listen({ host, port, backlog: CONNECTIONS_MAX, reusePort: isShared, ipv6Only: isOfOneFamily }, () => {
        server.off("error", fail);
        server.on("error", () => {});
        done();
      });
    });
    const bound = server.address();
    if (bound === null || typeof bound === "string") throw new Error("a listener has an address");
    listener.address = { address: host, port: bound.port };
    thread.nativeReads?.watchListener(server);
    return listener;
  }

  get acceptor(): Acceptor | undefined {
    return this.#acceptor;
  }

  /** Gives this and every further connection to `acceptor`; ending what the one before has taken is the caller's. */
  serve(acceptor: Acceptor): void {
    this.#acceptor = acceptor;
    for (const socket of this.#early.splice(0)) if (!socket.destroyed) acceptor.accept(socket);
  }

  /** Takes no new connection; those taken are the acceptor's. */
  close(): void {
    this.#server.close();
    for (const socket of this.#early.splice(0)) socket.destroy();
  }

  /** Node has taken one, which ends its turn of the listener: those behind it are taken here. */
  #onConnection(socket: Socket): void {
    this.#give(socket);
    if (this.#isTaking) return;
    this.#isTaking = true;
    const served = servedBy(this.#thread);
    const max = newcomersMax(this.#served, served);
    this.#served = served;
    try {
      this.#thread.nativeAccepts?.take(this.#server, max - 1);
    } finally {
      this.#isTaking = false;
    }
  }

  #give(socket: Socket): void {
    if (this.#acceptor !== undefined) return void this.#acceptor.accept(socket);
    socket.on("error", () => {});
    this.#early.push(socket);
  }
}

function servedBy({ turn: { turns }, counters }: ListenerThread): Served {
  const closed = counters.get(Counter.connectionsOpened) - counters.get(Counter.connectionsOpen);
  return { turns, requests: counters.get(Counter.requests), closed };
}
