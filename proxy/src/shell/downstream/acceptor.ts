/**
 * Whoever takes a listener's connections: makes them connections of clients, knows who is
 * at their other end, and ends them with what opened them: the peer's certificate, the
 * trust that it was checked against, the port and mode.
 */
import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import type { ConnectionContext } from "@regomesh/policy-runtime";
import type { InboundPort } from "@regomesh/protocol";
import { CHECK_PORT } from "../../capture/capture-rules.ts";
import { plainAddress } from "../../edge/plain-address.ts";
import { asciiBytes } from "../../http1/characters.ts";
import { readyLines } from "../../http1/ready-lines.ts";
import { refusalOf } from "../../identity/standing.ts";
import type { Peer, PeerRefusal } from "../../identity/svid-check.ts";
import { Counter } from "../../metrics/counters.ts";
import { inboundKey } from "../../snapshot/inbound-key.ts";
import { Timer } from "../../time/timer-wheel.ts";
import type { Address } from "../net/listener.ts";
import { agreedOn, authoritiesOf, type Identity, leadsToOneOf, peerOf, serverOptions } from "../net/tls.ts";
import type { Plane } from "../plane/plane.ts";
import { InboundHandler, type InboundPeer } from "../request/inbound-handler.ts";
import { OutboundHandler } from "../request/outbound-handler.ts";
import type { RequestHandler } from "../request/request-handler.ts";
import type { Aim } from "./aim.ts";
import { ClientSocket } from "./client-socket.ts";
import { DEFAULT_TIMEOUTS } from "./downstream-timeouts.ts";
import { PlainPeers } from "./plain-peers.ts";

const HANDSHAKE_TIMEOUT_MS = 5000;

export interface Acceptor {
  /** That are open. */
  readonly connections: number;
  /** That were ever taken. */
  readonly accepted: number;
  /** Takes a connection that was accepted just now; `called`: where its client went, if not to the socket's own address. */
  accept(socket: Socket, called?: Address): void;
  /** Ends connections on which nothing is under way. */
  endIdle(): void;
  /** Takes no further request on any connection: idle ones end now, busy ones with their response or after `graceMs`. */
  retire(graceMs: number): void;
  destroy(): void;
}

/** Where the workload's own application sends its requests. */
export class OutboundAcceptor implements Acceptor {
  readonly #plane: Plane;
  readonly #handler: RequestHandler;
  readonly #open = new Set<ClientSocket>();
  readonly #timeouts;
  accepted = 0;

  readonly #aim: Aim;

  constructor(plane: Plane, timeouts = DEFAULT_TIMEOUTS, aim: Aim = { kind: "named" }) {
    this.#plane = plane;
    this.#timeouts = timeouts;
    this.#aim = aim;
    this.#handler = new OutboundHandler(plane, aim);
  }

  get connections(): number {
    return this.#open.size;
  }

  accept(socket: Socket): void {
    this.accepted++;
    const called = this.#aim.kind === "captured" ? this.#aim.originalOf(socket) : undefined;
    if (this.#aim.kind === "captured" && called?.port === CHECK_PORT && isLoopback(called)) {
      socket.on("error", () => {});
      return void socket.end(this.#aim.word);
    }
    const connection = new ClientSocket({
      thread: this.#plane.thread,
      socket,
      handler: this.#handler,
      client: { context: contextOf(socket, "http", undefined, called), peer: undefined },
      timeouts: this.#timeouts,
      onClosed: (closed) => this.#open.delete(closed),
    });
    this.#open.add(connection);
  }

  endIdle(): void {
    for (const connection of [...this.#open]) connection.drain();
  }

  retire(graceMs: number): void {
    for (const connection of [...this.#open]) connection.retire(graceMs);
  }

  destroy(): void {
    for (const connection of [...this.#open]) connection.destroy();
  }
}

/** One connection of a client. */
type Opened = {
  /** Undefined on plaintext. */
  readonly tls: TLSSocket | undefined;
  /** Whom TLS has shown. */
  readonly shown: Peer | undefined;
  /** Fires at the end of the peer's certificate. */
  readonly end: Timer | undefined;
};

export type InboundOptions = {
  readonly port: InboundPort;
  /** `name.namespace` of the workload's service. */
  readonly service: string;
  /** Undefined: a mesh in plaintext, or an edge of one. */
  readonly identity: Identity | undefined;
  readonly timeouts?: typeof DEFAULT_TIMEOUTS | undefined;
  /** Proxies before an edge whose word on its clients is taken; default none. */
  readonly trustedHops?: number | undefined;
};

/** One inbound port: mTLS of the mesh alone, or plaintext on an edge (and in a mesh without identities). */
export class InboundAcceptor implements Acceptor {
  /** What it stands for; a port of another key needs another acceptor. */
  readonly key: string;
  readonly #plane: Plane;
  readonly #handler: InboundHandler;
  readonly #options: InboundOptions;
  readonly #open = new Map<ClientSocket, Opened>();
  #identity: Identity | undefined;
  /** Where trust was taken back: whom a handshake that had begun before must lead to. */
  #authorities: readonly X509Certificate[] | undefined = undefined;
  /** Makes handshakes; listens on nothing itself. */
  readonly #tls: TlsServer | undefined;
  /** Of connections whose handshake is under way: where their clients went. */
  readonly #called = new WeakMap<Socket, Address>();
  /** Who comes in plaintext. */
  readonly #plain: PlainPeers;
  #isRetired = false;
  accepted = 0;

  constructor(plane: Plane, options: InboundOptions) {
    const { port, identity } = options;
    this.key = acceptorKey(options);
    this.#plane = plane;
    this.#options = options;
    this.#identity = identity;
    const edge = isMutual(options) ? -1 : this.#edgeOf("", false);
    this.#plain = new PlainPeers(edge, options.port.mode === "edge" ? (options.trustedHops ?? 0) : undefined);
    this.#handler = new InboundHandler(plane, port);
    this.#tls = isMutual(options) ? this.#makeTls(identity as Identity) : undefined;
  }

  get connections(): number {
    return this.#open.size;
  }

  accept(socket: Socket, called?: Address): void {
    if (this.#isRetired) return void socket.destroy();
    this.accepted++;
    if (this.#tls !== undefined) {
      if (called !== undefined) this.#called.set(socket, called);
      return void this.#tls.emit("connection", socket);
    }
    const context = contextOf(socket, "http", this.#identity?.spiffeId, called);
    this.#begin(socket, context, this.#plain.at(context.sourceAddress));
  }

  /**
   * Connections to come are shown another certificate. `authorities`: where some are no longer
   * trusted, those that still are; connections that the others vouched for end at once.
   */
  setIdentity(identity: Identity, authorities: readonly X509Certificate[] | undefined): void {
    this.#identity = identity;
    this.#tls?.setSecureContext(serverOptions(identity));
    if (authorities === undefined) {
      // Those that came since are trusted as well.
      if (this.#authorities !== undefined) this.#authorities = authoritiesOf(identity.bundlePem);
      return;
    }
    this.#authorities = authorities;
    for (const [connection, { tls }] of [...this.#open]) {
      if (tls !== undefined && !leadsToOneOf(tls, authorities)) connection.destroy();
    }
  }

  /** Ends the connections of those who may not speak to us any more, idle or busy. */
  endRefused(): void {
    const { standing } = this.#plane;
    for (const [connection, { shown }] of [...this.#open]) {
      if (shown !== undefined && refusalOf(standing, shown) !== undefined) connection.destroy();
    }
  }

  endIdle(): void {
    for (const connection of [...this.#open.keys()]) connection.drain();
  }

  retire(graceMs: number): void {
    this.#isRetired = true;
    for (const connection of [...this.#open.keys()]) connection.retire(graceMs);
  }

  destroy(): void {
    this.#isRetired = true;
    for (const connection of [...this.#open.keys()]) connection.destroy();
  }

  #edgeOf(peerPrincipal: string, mtls: boolean): number {
    const { service } = this.#options;
    return this.#plane.thread.edges.row({
      direction: "inbound",
      peerService: "",
      peerPrincipal,
      service,
      subset: "",
      mtls,
    });
  }

  #begin(socket: Socket, context: ConnectionContext, peer: InboundPeer, tls?: TLSSocket, shown?: Peer): void {
    const { timeouts = DEFAULT_TIMEOUTS } = this.#options;
    const { thread, graceMs } = this.#plane;
    const connection = new ClientSocket({
      thread,
      socket,
      handler: this.#handler,
      client: { context, peer },
      timeouts,
      onClosed: (closed) => this.#onClosed(closed),
    });
    const end = tls === undefined ? undefined : new Timer(() => connection.retire(graceMs), connection);
    if (end !== undefined) thread.arm(end, Math.max(0, peer.notAfterMs - thread.wallMs()));
    this.#open.set(connection, { tls, shown, end });
  }

  #makeTls(identity: Identity): TlsServer {
    const options = { ...serverOptions(identity), allowHalfOpen: true, handshakeTimeout: HANDSHAKE_TIMEOUT_MS };
    const server = createTlsServer(options, (socket) => this.#onSecure(socket));
    server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => this.#onHandshakeFailed(error, socket));
    return server;
  }

  #onSecure(socket: TLSSocket): void {
    const { thread } = this.#plane;
    const { spiffeId, trustDomain } = this.#identity as Identity;
    const isTrusted = this.#authorities === undefined || leadsToOneOf(socket, this.#authorities);
    if (this.#isRetired || !isTrusted) return void socket.destroy();
    const peer = peerOf(socket, trustDomain, thread.wallMs());
    const refusal = peer.kind === "fault" ? peer : refusalOf(this.#plane.standing, peer);
    if (peer.kind === "fault" || refusal !== undefined) return void this.#refuse(socket, refusal as PeerRefusal);
    const { principal, namespace, serviceAccount, notAfterMs } = peer;
    thread.handshakes.count({ direction: "inbound", peer: principal, ...agreedOn(socket) });
    const plain = (socket as { readonly _parent?: Socket })._parent;
    const context = {
      ...contextOf(socket, "https", spiffeId, plain && this.#called.get(plain)),
      principal,
      trustDomain: peer.trustDomain,
      namespace,
      serviceAccount,
    };
    const certLine = readyLines(asciiBytes(`x-forwarded-client-cert: URI=${principal}\r\n`));
    this.#begin(
      socket,
      context,
      { certLine, edge: this.#edgeOf(principal, true), forwarded: undefined, notAfterMs },
      socket,
      peer,
    );
  }

  #refuse(socket: TLSSocket, { fault, message: detail }: PeerRefusal): void {
    const { counters, log } = this.#plane.thread;
    counters.add(Counter.handshakeFailures);
    log.log("warn", "a peer was refused", { fault, detail, port: this.#options.port.name });
    socket.destroy();
  }

  #onHandshakeFailed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const { counters, log } = this.#plane.thread;
    const { name: port } = this.#options.port;
    counters.add(Counter.handshakeFailures);
    // Of a certificate that does not verify, Node's error says only that the connection was reset.
    const fault: unknown = socket.authorizationError;
    if (typeof fault === "string") {
      log.log("warn", "a peer was refused", { fault, detail: "its certificate does not verify", port });
    } else log.log("debug", "a handshake failed", { error: error.code ?? error.message, port });
    socket.destroy();
  }

  #onClosed(connection: ClientSocket): void {
    const end = this.#open.get(connection)?.end;
    if (end !== undefined) this.#plane.thread.disarm(end);
    this.#open.delete(connection);
  }
}

function isLoopback({ address }: Address): boolean {
  return address === "127.0.0.1" || address === "::1";
}

function isMutual({ port, identity }: InboundOptions): boolean {
  return port.mode !== "edge" && identity !== undefined;
}

export function acceptorKey(options: InboundOptions): string {
  const { port, service } = options;
  return JSON.stringify([inboundKey(port), port.mode, isMutual(options), service]);
}

function contextOf(
  socket: Socket,
  scheme: "http" | "https",
  destinationPrincipal: string | undefined,
  called: Address = { address: plainAddress(socket.localAddress), port: socket.localPort ?? 0 },
): ConnectionContext {
  return {
    scheme,
    principal: undefined,
    trustDomain: undefined,
    namespace: undefined,
    serviceAccount: undefined,
    sourceAddress: plainAddress(socket.remoteAddress),
    sourcePort: socket.remotePort ?? 0,
    destinationAddress: called.address,
    destinationPort: called.port,
    destinationPrincipal,
  };
}
