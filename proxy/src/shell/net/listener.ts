/**
 * A listening socket, and whom its connections are given to. The socket stays while what
 * it stands for changes (name, mode, workload): that is one assignment, so that there is
 * no moment in which a port is closed, or still answers in its old way.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { Acceptor } from "../downstream/acceptor.ts";
import type { NativeReads } from "./native-read.ts";

/** Open connections of one listener; beyond it new ones are closed at once. */
const CONNECTIONS_MAX = 16_384;

export type Address = { readonly address: string; readonly port: number };

export type ListenOptions = Address & {
  /** Others of this process listen on the port, or on one that overlaps it. */
  readonly isShared: boolean;
  /** An IPv6 wildcard that leaves IPv4 to others. */
  readonly isOfOneFamily?: boolean;
  /** Who reads past Node's loop stops where a connection waits, which that loop alone accepts. */
  readonly reads: Pick<NativeReads, "watchListener"> | undefined;
};

export class Listener {
  readonly #server: Server;
  #acceptor: Acceptor | undefined = undefined;
  /** Accepted before anyone was there to serve them. */
  #early: Socket[] = [];
  address: Address = { address: "", port: 0 };

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#onConnection(socket));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Connections wait until `serve` says who takes them; rejects where the port is not to be had. */
  static async open(options: ListenOptions): Promise<Listener> {
    const { address: host, port, isShared, isOfOneFamily = false, reads } = options;
    const listener = new Listener();
    const server = listener.#server;
    await new Promise<void>((done, fail) => {
      server.once("error", fail);
      server.listen({ host, port, backlog: 1024, reusePort: isShared, ipv6Only: isOfOneFamily }, () => {
        server.off("error", fail);
        server.on("error", () => {});
        done();
      });
    });
    const bound = server.address();
    if (bound === null || typeof bound === "string") throw new Error("a listener has an address");
    listener.address = { address: host, port: bound.port };
    reads?.watchListener(server);
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

  #onConnection(socket: Socket): void {
    if (this.#acceptor !== undefined) return void this.#acceptor.accept(socket);
    socket.on("error", () => {});
    this.#early.push(socket);
  }
}
