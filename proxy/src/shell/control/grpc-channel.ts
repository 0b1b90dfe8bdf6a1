/**
 * A channel of gRPC to the controller: one TLS connection with the data path's own codec of HTTP/2, held to
 * the mesh's root and the controller's name. It connects once; whoever wants to try again opens another.
 */

import { connect, type TLSSocket } from "node:tls";
import { splitAddress } from "@regomesh/base";
import { plainAddress } from "../../edge/plain-address.ts";
import { GrpcStatus } from "../../grpc/status.ts";
import { asciiBytes } from "../../http1/characters.ts";
import type { Head } from "../../http1/head.ts";
import { Method } from "../../http1/method.ts";
import { Connection, Http2Event } from "../../http2/connection.ts";
import { ErrorCode } from "../../http2/error-code.ts";
import { DEFAULT_HTTP2_LIMITS, type Http2Limits } from "../../http2/limits.ts";
import type { Stream } from "../../http2/stream.ts";
import { type CallHandlers, GrpcCall, type MethodOf } from "./grpc-call.ts";
import { errorOfReset, GrpcError } from "./grpc-error.ts";

const MIB = 1024 * 1024;
/** A snapshot comes in one message: windows that do not make it wait for each of its parts. */
const LIMITS: Http2Limits = {
  ...DEFAULT_HTTP2_LIMITS,
  streamWindowBytes: MIB,
  streamWindowBytesMax: 16 * MIB,
  connectionWindowBytes: 4 * MIB,
  connectionWindowBytesMax: 32 * MIB,
};
/** A connection on which nothing answers for so long is none. */
const PING_MS = 5000;
const PONG_MS = 3000;

export type ChannelOptions = {
  readonly address: string;
  readonly serverName: string;
  readonly rootPem: string;
  /** Undefined: nothing is shown. */
  readonly keyPem: string | undefined;
  readonly chainPem: string | undefined;
};

type OpenCall = GrpcCall<unknown, unknown>;

export class GrpcChannel {
  readonly #socket: TLSSocket;
  readonly #codec = new Connection("client", LIMITS);
  readonly #serverName: string;
  readonly #calls = new Set<OpenCall>();
  #ping: NodeJS.Timeout | undefined = undefined;
  #pong: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;
  /** Why it failed. */
  #failure = "the connection to the controller ended";
  /** Connected, and the controller has proven who it is; rejects where it comes to nothing. */
  readonly ready: Promise<void>;

  constructor({ address, serverName, rootPem, keyPem, chainPem }: ChannelOptions) {
    const { host, port } = splitAddress(address);
    this.#serverName = serverName;
    this.#socket = connect({
      host,
      port,
      ca: rootPem,
      ...(keyPem === undefined || chainPem === undefined ? {} : { key: keyPem, cert: chainPem }),
      servername: serverName,
      ALPNProtocols: ["h2"],
      minVersion: "TLSv1.2",
    });
    this.#socket.setNoDelay(true);
    this.ready = new Promise((done, fail) => {
      this.#socket.once("secureConnect", () => {
        if (this.#socket.alpnProtocol !== "h2") this.#fail("the controller does not speak HTTP/2");
        this.#ping = setInterval(() => this.#askForPong(), PING_MS);
        this.#ping.unref();
        this.#flush();
        done();
      });
      this.#socket.once("close", () => {
        this.#onClosed();
        fail(new GrpcError(GrpcStatus.unavailable, this.#failure));
      });
    });
    this.ready.catch(() => {});
    this.#socket.on("error", (error) => {
      this.#failure = error.message;
    });
    this.#socket.on("data", (bytes: Buffer) => this.#read(bytes));
    this.#socket.on("drain", () => this.#pump());
  }

  /** Once it is `ready`. */
  call<Request, Reply>(method: MethodOf<Request, Reply>, handlers: CallHandlers<Reply>): GrpcCall<Request, Reply> {
    const call = new GrpcCall(method, handlers, {
      write: (stream, bytes, from, isEnd) => {
        const sent = this.#codec.sendContent(stream, bytes, from, bytes.length, isEnd);
        this.#flush();
        return sent;
      },
      cancel: (stream) => {
        this.#codec.reset(stream, ErrorCode.cancel);
        this.#flush();
      },
      onEnded: () => this.#calls.delete(call as OpenCall),
      isFull: () => this.#socket.writableNeedDrain,
    });
    if (this.#isClosed || !this.#codec.mayOpen) {
      call.fail(new GrpcError(GrpcStatus.unavailable, this.#failure));
      return call;
    }
    const stream = this.#codec.open(Method.post);
    stream.owner = call;
    this.#calls.add(call as OpenCall);
    this.#sendHead(stream, method.path);
    call.begin(stream);
    return call;
  }

  /** Of this machine, as the controller is reached from it; undefined until it is `ready`, and once it is closed. */
  get localAddress(): string | undefined {
    const { localAddress } = this.#socket;
    return localAddress === undefined ? undefined : plainAddress(localAddress);
  }

  #sendHead(stream: Stream, path: string): void {
    const fields = [
      [":method", "POST"],
      [":scheme", "https"],
      [":path", path],
      [":authority", this.#serverName],
      ["te", "trailers"],
      ["content-type", "application/grpc"],
      ["user-agent", "regomesh"],
    ] as const;
    this.#codec.beginHead();
    for (const [name, value] of fields) {
      const [n, v] = [asciiBytes(name), asciiBytes(value)];
      this.#codec.field(n, 0, n.length, v, 0, v.length);
    }
    this.#codec.endHead(stream, false);
    this.#flush();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#failure = "the channel was closed";
    this.#socket.destroy();
    this.#onClosed();
  }

  #fail(why: string): void {
    this.#failure = why;
    this.#flush();
    this.#socket.destroy();
  }

  #onClosed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#ping);
    clearTimeout(this.#pong);
    for (const call of [...this.#calls]) call.fail(new GrpcError(GrpcStatus.unavailable, this.#failure));
  }

  #askForPong(): void {
    if (this.#pong !== undefined) return;
    this.#codec.ping();
    this.#flush();
    this.#pong = setTimeout(() => this.#fail("the controller does not answer"), PONG_MS);
    this.#pong.unref();
  }

  #read(bytes: Buffer): void {
    const codec = this.#codec;
    codec.nowMs = performance.now();
    for (let at = 0; !this.#isClosed; at = codec.at) {
      const event = codec.next(bytes, at, bytes.length);
      if (event === Http2Event.needMore) break;
      this.#on(event);
    }
    this.#flush();
  }

  #on(event: Http2Event): void {
    const codec = this.#codec;
    const { stream, isEnd } = codec;
    const call = stream?.owner as OpenCall | undefined;
    switch (event) {
      case Http2Event.head:
        return void call?.onHead(codec.head as Head, isEnd);
      case Http2Event.content:
        if (stream !== undefined) codec.release(stream, codec.to - codec.from);
        return void call?.onContent(codec.bytes, codec.from, codec.to, isEnd);
      case Http2Event.trailers:
        return void call?.onTrailers(codec.head);
      case Http2Event.reset:
        return void call?.fail(errorOfReset(codec.code));
      case Http2Event.window:
        return void this.#pump();
      case Http2Event.pong:
        clearTimeout(this.#pong);
        this.#pong = undefined;
        return;
      case Http2Event.fault:
        return void this.#fail(codec.reason);
      default:
    }
  }

  #pump(): void {
    for (const call of [...this.#calls]) call.send();
  }

  #flush(): void {
    const { output } = this.#codec;
    if (output.end === 0 || this.#socket.connecting || this.#socket.destroyed) return;
    this.#socket.write(output.take());
    if (!this.#socket.writableNeedDrain) this.#codec.wrote();
  }
}
