/**
 * One connection to an endpoint: its socket, who is at the other end, and how long it
 * lasts. What is spoken over it is its stream's affair. Reads into the thread's one
 * buffer: a span handed on is valid until the callback returns.
 */
import type { X509Certificate } from "node:crypto";
import type { LookupAddress } from "node:dns";
import { connect as connectPlain, type OnReadOpts, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Reason } from "../../filter/reason.ts";
import { ASKING_LIMITS, MESH_LIMITS } from "../../http2/limits.ts";
import type { Peer, PeerRefusal } from "../../identity/svid-check.ts";
import { Counter } from "../../metrics/counters.ts";
import type { Endpoint } from "../../route/endpoint.ts";
import type { UpstreamListener, UpstreamStream } from "../../stream/upstream-stream.ts";
import { Timer } from "../../time/timer-wheel.ts";
import { countFault, type Faulty, guarded } from "../net/faulty.ts";
import { ReadSocket } from "../net/native-read.ts";
import { Outgoing } from "../net/outgoing.ts";
import { agreedOn, leadsToOneOf, MESH_PROTOCOL, type PeerDial } from "../net/tls.ts";
import type { Thread } from "../plane/thread.ts";
import { Http1Stream } from "./http1-stream.ts";
import { Http2Speaker } from "./http2-speaker.ts";

/** What is spoken over a connection. */
export interface Speaker {
  /** It carries many requests at a time. */
  readonly isShared: boolean;
  /** It takes another request now. */
  readonly mayBegin: boolean;
  /** Requests under way. */
  readonly streams: number;
  /** Whose fault it is when reading what came throws; undefined: the connection's. */
  readonly faulty: Faulty | undefined;
  begin(listener: UpstreamListener): UpstreamStream;
  /** Ends requests whose client has sent or taken nothing for so long; how many. */
  yieldIfQuiet(quietMs: number): number;
  /** bytes[0, length) came. */
  onBytes(bytes: Uint8Array, length: number): void;
  /** Nothing more will come. */
  onEnd(): void;
  /** The connection is no more; told once. */
  onClosed(reason: Reason): void;
  /** The same, where nobody wants to hear of it. */
  letGo(): void;
}

/** Whose connection it is: told once when it is ready, and once when it is gone. */
export interface UpstreamOwner {
  onReady(connection: UpstreamConnection): void;
  /** It takes no further request. */
  onRetired(connection: UpstreamConnection): void;
  onClosed(connection: UpstreamConnection, reason: Reason): void;
  /** A request on it is at its end, and it may carry another. */
  onReleased(connection: UpstreamConnection): void;
  /** It may carry requests again. */
  onRoom(connection: UpstreamConnection): void;
}

export type DialOptions = {
  readonly connectTimeoutMs: number;
  /** Undefined: plaintext (the workload's own application, or a mesh without identities). */
  readonly peer: PeerDial | undefined;
  readonly principals: readonly string[];
  /** Why a peer that has proven itself may be spoken to no longer. */
  readonly refusalOf: (peer: Peer) => PeerRefusal | undefined;
  /** What a request under way may still take when the identities that opened the connection have ended. */
  readonly graceMs: number;
  /** The workload's own, which may listen on either loopback address alone. */
  readonly isApplication: boolean;
  /** What is spoken in plaintext; with a peer it is agreed on. */
  readonly protocol: UpstreamProtocol;
};

/** `http2`: by prior knowledge. */
export type UpstreamProtocol = "http1" | "http2";

/** A full queue of the one address is no reason to try the other: its refusal is. */
const ATTEMPT_MS = 1000;
const LOOPBACK = "127.0.0.1";
const LOOPBACKS: readonly LookupAddress[] = [
  { address: LOOPBACK, family: 4 },
  { address: "::1", family: 6 },
];

/** Of an application that names no address but loopback's, the one that answers. */
function connectLoopback(port: number, onread: OnReadOpts, attemptMs: number): Socket {
  return connectPlain({
    host: "localhost",
    port,
    noDelay: true,
    onread,
    lookup: (_host, _options, done) => done(null, [...LOOPBACKS]),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptMs,
  });
}

export class UpstreamConnection {
  readonly endpoint: Endpoint;
  readonly out: Outgoing;
  /** Undefined until it is ready. */
  speaker: Speaker | undefined = undefined;
  /** After which idle time the other end closes, where it has said so. */
  peerIdleMs: number | undefined = undefined;
  /** Of one that carries many requests: since when there is none. */
  idleSinceMs = 0;
  isReady = false;
  /** It takes no further request. */
  isRetired = false;
  /** Whom TLS has shown at the other end; undefined on plaintext, and before the handshake. */
  peer: Peer | undefined = undefined;
  /** Why it failed, for logs; "" where the reason says it all. */
  failureDetail = "";
  readonly #thread: Thread;
  readonly #owner: UpstreamOwner;
  readonly #socket: Socket;
  /** Of a plain one, where it can be read so. */
  #readPast: ReadSocket | undefined = undefined;
  readonly #connectTimer: Timer;
  /** At the identities' end, and again when the grace is over. */
  readonly #end: Timer;
  /** The identities that opened it have ended: what is under way has its grace. */
  #isInGrace = false;
  #isClosed = false;
  /** Whoever used it has let go of it, and hears nothing of its end. */
  #isLetGo = false;
  #failure: Reason = "connect_failed";

  constructor(thread: Thread, owner: UpstreamOwner, endpoint: Endpoint, options: DialOptions) {
    this.#thread = thread;
    this.#owner = owner;
    this.endpoint = endpoint;
    const onread: OnReadOpts = {
      buffer: thread.readBuffer,
      callback: (length) => {
        this.#onRead(length);
        this.#readPast?.onNodeRead();
        return true;
      },
    };
    const { peer } = options;
    const { address: host, port } = endpoint;
    if (peer !== undefined) this.#socket = peer.connect(host, port, onread);
    else if (options.isApplication && host === LOOPBACK)
      this.#socket = connectLoopback(port, onread, Math.max(options.connectTimeoutMs, ATTEMPT_MS));
    else this.#socket = connectPlain({ host, port, noDelay: true, onread });
    const { slabs, turn, writesThrough, nativeWrites, nativeReads } = thread;
    if (nativeReads !== undefined && peer === undefined)
      this.#readPast = new ReadSocket(nativeReads, this.#socket, (length) => this.#onRead(length));
    this.out = new Outgoing(this.#socket, slabs, turn, this, { writesThrough, nativeWrites, readsOn: true });
    this.#connectTimer = new Timer(() => this.fail("connect_timeout"), this);
    this.#end = new Timer(() => this.#onEndOfIdentity(options.graceMs), this);
    if (options.connectTimeoutMs > 0) thread.arm(this.#connectTimer, options.connectTimeoutMs);
    thread.counters.add(Counter.upstreamOpened);
    thread.counters.add(Counter.upstreamOpen);
    this.#listen(options);
  }

  #listen({ peer, protocol, principals, refusalOf }: DialOptions): void {
    const socket = this.#socket;
    if (peer === undefined)
      socket.once(
        "connect",
        guarded(this, () => this.#ready(protocol)),
      );
    else {
      const onSecure = (): void => {
        const found = peer.check(socket, this.endpoint.principal, principals);
        if (found.kind === "fault") return void this.#refusePeer(found);
        const refusal = refusalOf(found);
        if (refusal !== undefined) return void this.#refusePeer(refusal);
        this.peer = found;
        const agreed = agreedOn(socket as TLSSocket);
        this.#thread.handshakes.count({ direction: "outbound", peer: found.principal, ...agreed });
        this.#thread.arm(this.#end, Math.min(found.notAfterMs, peer.notAfterMs) - this.#thread.wallMs());
        this.#ready(agreed.spoken === MESH_PROTOCOL ? "mesh" : agreed.spoken === "h2" ? "http2" : "http1");
      };
      socket.once("secureConnect", guarded(this, onSecure));
    }
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (this.isReady && !error.code?.startsWith("ERR_SSL")) return;
      this.#failure = peer?.reasonOf(error) ?? "connect_failed";
      const isOurs = peer !== undefined && peer.notAfterMs <= this.#thread.wallMs();
      this.failureDetail = isOurs ? "our own SVID has expired" : (error.code ?? error.message);
    });
    socket.on(
      "end",
      guarded(this, () => this.#onEnd()),
    );
    socket.on(
      "close",
      guarded(this, () => this.#close(this.#failure)),
    );
  }

  #onRead(length: number): void {
    const { turn, clock, readBuffer, afterRead } = this.#thread;
    const { speaker } = this;
    const faulty = speaker?.faulty ?? this;
    turn.relieve();
    clock.hold();
    try {
      if (!this.#isClosed) speaker?.onBytes(readBuffer, length);
    } catch (error) {
      // Whose request it was answers for it, and ends this connection, if it has not yet.
      faulty.onFault(error);
    } finally {
      clock.letGo();
    }
    afterRead?.(readBuffer);
  }

  #speakerOf(protocol: UpstreamProtocol | "mesh"): Speaker {
    switch (protocol) {
      case "http1":
        return new Http1Stream(this);
      case "http2":
        return new Http2Speaker(this.#thread, this, "hpack", ASKING_LIMITS);
      case "mesh":
        return new Http2Speaker(this.#thread, this, "raw", MESH_LIMITS);
    }
  }

  /** A stream of this listener's; only where the speaker may begin one. */
  begin(listener: UpstreamListener): UpstreamStream {
    if (this.speaker === undefined) throw new Error("nothing is spoken yet");
    return this.speaker.begin(listener);
  }

  /** Requests under way. */
  get streams(): number {
    return this.speaker?.streams ?? 0;
  }

  get isShared(): boolean {
    return this.speaker?.isShared === true;
  }

  get mayBegin(): boolean {
    return this.isReady && !this.#isClosed && this.speaker?.mayBegin === true;
  }

  /** A fault of our own: this connection ends, and the request on it with 500. */
  onFault(error: unknown): void {
    countFault(this.#thread, error);
    const faulty = this.speaker?.faulty;
    try {
      this.fail("internal");
    } catch (again) {
      this.#socket.destroy();
      faulty?.onFault(again);
    }
  }

  #refusePeer({ fault, message: detail }: PeerRefusal): void {
    const { address, port, workload } = this.endpoint;
    this.failureDetail = `${fault}: ${detail}`;
    this.#thread.log.log("warn", "an endpoint was refused", {
      fault,
      detail,
      workload,
      endpoint: `${address}:${port}`,
    });
    this.fail("peer_identity");
  }

  /** Whether the peer's certificate leads to one of these authorities; true on plaintext. */
  isTrustedBy(authorities: readonly X509Certificate[]): boolean {
    return this.peer === undefined || leadsToOneOf(this.#socket as TLSSocket, authorities);
  }

  /** Takes no further request; the one under way has `graceMs`, or all the time it needs. */
  retire(graceMs?: number): void {
    if (this.#isClosed) return;
    if (graceMs !== undefined) this.#thread.arm(this.#end, graceMs);
    if (this.isRetired) return;
    this.isRetired = true;
    this.#owner.onRetired(this);
  }

  /** One that was retired before, for a newer identity of ours, has its grace all the same. */
  #onEndOfIdentity(graceMs: number): void {
    if (this.#isInGrace) return void this.revoke();
    this.#isInGrace = true;
    this.retire(graceMs);
  }

  /** Ends the connection at once, whatever is under way: its peer is nobody to speak to any more. */
  revoke(): void {
    this.isRetired = true;
    this.fail("peer_identity");
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ends the connection at once; whoever used it has let go of it. */
  destroy(): void {
    this.#isLetGo = true;
    this.#close(this.#failure);
  }

  /** A request on it is at its end. */
  release(): void {
    this.#owner.onReleased(this);
  }

  /** It takes requests again. */
  onRoom(): void {
    if (!this.#isClosed) this.#owner.onRoom(this);
  }

  /** What is spoken writes to the socket's handle from its first word on, which a socket that is connecting has not. */
  #ready(spoken: UpstreamProtocol | "mesh"): void {
    if (this.#isClosed) return;
    this.speaker = this.#speakerOf(spoken);
    this.#thread.disarm(this.#connectTimer);
    this.isReady = true;
    this.#readPast?.watch();
    this.#failure = "upstream_reset";
    this.#owner.onReady(this);
  }

  /** Ends the connection at once; whose request is under way is told why. */
  fail(reason: Reason): void {
    this.#failure = reason;
    this.#close(reason);
  }

  #close(reason: Reason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#thread.disarm(this.#connectTimer);
    this.#thread.disarm(this.#end);
    this.#thread.counters.add(Counter.upstreamOpen, -1);
    this.#readPast?.close();
    this.out.close();
    this.#socket.destroy();
    this.#owner.onClosed(this, reason);
    if (this.#isLetGo) this.speaker?.letGo();
    else this.speaker?.onClosed(reason);
  }

  #onEnd(): void {
    if (this.#isClosed) return;
    // Content that ends with its connection would be taken for whole.
    if (!this.out.wasReset) this.speaker?.onEnd();
    this.#close(this.#failure);
  }
}
