/** Where connections come in: a server, its connections, and what it takes to end them. */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import type { ConnectionContext } from "@regomesh/policy-runtime";
import type { InboundPort } from "@regomesh/protocol";
import { asciiBytes } from "../http1/characters.ts";
import { Counter } from "../metrics/counters.ts";
import { DEFAULT_TIMEOUTS, Downstream, type DownstreamTimeouts, type RequestHandler } from "./downstream.ts";
import { InboundHandler, type InboundPeer } from "./inbound-handler.ts";
import { OutboundHandler } from "./outbound-handler.ts";
import type { Plane } from "./plane.ts";
import { type Identity, peerOf, serverOptions } from "./tls.ts";

/** Open connections of one listener; beyond it new ones are closed at once. */
const CONNECTIONS_MAX = 16_384;
const HANDSHAKE_TIMEOUT_MS = 5000;

export type Address = { readonly address: string; readonly port: number };

export type ListenOptions = {
  readonly address: string;
  readonly port: number;
  /** Several threads listen on the port. */
  readonly isShared: boolean;
  readonly timeouts?: DownstreamTimeouts;
};

export class Listener {
  readonly name: string;
  readonly #server: Server;
  readonly #connections: Set<Downstream>;
  address: Address = { address: "", port: 0 };

  constructor(name: string, server: Server, connections: Set<Downstream>) {
    this.name = name;
    this.#server = server;
    this.#connections = connections;
  }

  get connections(): number {
    return this.#connections.size;
  }

  async listen(options: ListenOptions): Promise<Address> {
    const { address: host, port, isShared } = options;
    this.#server.maxConnections = CONNECTIONS_MAX;
    await new Promise<void>((done, fail) => {
      this.#server.once("error", fail);
      this.#server.listen({ host, port, backlog: 1024, reusePort: isShared }, () => {
        this.#server.off("error", fail);
        this.#server.on("error", () => {});
        done();
      });
    });
    const bound = this.#server.address();
    if (bound === null || typeof bound === "string") throw new Error("a listener has an address");
    this.address = { address: host, port: bound.port };
    return this.address;
  }

  /** Connections to come are shown another certificate. */
  setIdentity(identity: Identity): void {
    if ("setSecureContext" in this.#server) (this.#server as TlsServer).setSecureContext(serverOptions(identity));
  }

  /** Takes no new connection, ends idle ones; busy ones end after their response. */
  drain(): void {
    this.#server.close();
    for (const connection of [...this.#connections]) connection.drain();
  }

  close(): void {
    this.#server.close();
    for (const connection of [...this.#connections]) connection.destroy();
  }
}

const NO_PEER = new Uint8Array(0);

/** The listener of one inbound port: mTLS of the mesh alone, or plaintext on an edge (and in a mesh without identities). */
export function makeInbound(
  plane: Plane,
  port: InboundPort,
  identity: Identity | undefined,
  service: string,
  timeouts = DEFAULT_TIMEOUTS,
): Listener {
  const connections = new Set<Downstream>();
  const peers = new Map<Downstream, InboundPeer>();
  const { thread } = plane;
  const handler = new InboundHandler(
    plane,
    port.name,
    (downstream) => peers.get(downstream) as InboundPeer,
    (downstream) => {
      connections.delete(downstream);
      peers.delete(downstream);
    },
  );
  const edgeOf = (peerPrincipal: string, mtls: boolean): number =>
    thread.edges.row({ direction: "inbound", peerService: "", peerPrincipal, service, subset: "", mtls });
  const open = (socket: Socket, context: ConnectionContext, peer: InboundPeer): void => {
    const downstream = new Downstream(thread, socket, handler, context, timeouts);
    connections.add(downstream);
    peers.set(downstream, peer);
  };
  if (port.mode === "edge" || identity === undefined) {
    const anyone: InboundPeer = { certLine: NO_PEER, edge: edgeOf("", false) };
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      open(socket, contextOf(socket, "http", identity?.spiffeId), anyone),
    );
    return new Listener(port.name, server, connections);
  }
  const options = {
    ...serverOptions(identity),
    allowHalfOpen: true,
    noDelay: true,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  };
  const server = createTlsServer(options, (socket: TLSSocket) => {
    const peer = peerOf(socket, identity.trustDomain, thread.wallMs());
    if (peer.kind === "fault") {
      thread.counters.add(Counter.handshakeFailures);
      thread.log.log("warn", "a peer was refused", { fault: peer.fault, detail: peer.message, port: port.name });
      return void socket.destroy();
    }
    const context = {
      ...contextOf(socket, "https", identity.spiffeId),
      principal: peer.principal,
      trustDomain: peer.trustDomain,
      namespace: peer.namespace,
      serviceAccount: peer.serviceAccount,
    };
    const certLine = asciiBytes(`x-forwarded-client-cert: URI=${peer.principal}\r\n`);
    open(socket, context, { certLine, edge: edgeOf(peer.principal, true) });
  });
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
    thread.counters.add(Counter.handshakeFailures);
    // Of a certificate that does not verify, Node's error says only that the connection was reset.
    const fault: unknown = socket.authorizationError;
    if (typeof fault === "string") {
      thread.log.log("warn", "a peer was refused", {
        fault,
        detail: "its certificate does not verify",
        port: port.name,
      });
    } else thread.log.log("debug", "a handshake failed", { error: error.code ?? error.message, port: port.name });
    socket.destroy();
  });
  return new Listener(port.name, server, connections);
}

/** Where the workload's own application sends its requests: loopback only. */
export function makeOutbound(plane: Plane, timeouts = DEFAULT_TIMEOUTS): Listener {
  const connections = new Set<Downstream>();
  const handler: RequestHandler = new OutboundHandler(plane, (downstream) => connections.delete(downstream));
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections.add(new Downstream(plane.thread, socket, handler, contextOf(socket, "http", undefined), timeouts));
  });
  return new Listener("outbound", server, connections);
}

function contextOf(
  socket: Socket,
  scheme: "http" | "https",
  destinationPrincipal: string | undefined,
): ConnectionContext {
  return {
    scheme,
    principal: undefined,
    trustDomain: undefined,
    namespace: undefined,
    serviceAccount: undefined,
    sourceAddress: socket.remoteAddress ?? "",
    sourcePort: socket.remotePort ?? 0,
    destinationAddress: socket.localAddress ?? "",
    destinationPort: socket.localPort ?? 0,
    destinationPrincipal,
  };
}
