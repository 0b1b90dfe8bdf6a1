/**
 * The socket of a client: read for whoever speaks its protocol. TLS has agreed on one; in
 * plaintext the first bytes say which it is, for HTTP/2's preface is no request of HTTP/1.x.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { PREFACE } from "../../http2/connection.ts";
import { Counter } from "../../metrics/counters.ts";
import { type Faulty, guarded } from "../net/faulty.ts";
import { ReadSocket } from "../net/native-read.ts";
import { readInto } from "../net/read-into.ts";
import { MESH_PROTOCOL } from "../net/tls.ts";
import type { Thread } from "../plane/thread.ts";
import type { Client } from "../request/client-request.ts";
import type { RequestHandler } from "../request/request-handler.ts";
import type { DownstreamTimeouts } from "./downstream-timeouts.ts";
import { Http1Connection } from "./http1-connection.ts";
import { Http2Connection } from "./http2-connection.ts";

/** Who speaks a connection's protocol. */
export interface Speaker extends Faulty {
  /** bytes[0, length) came; they are the next ones' as soon as this returns. */
  onBytes(bytes: Buffer, length: number): void;
  /** The client sends no more. */
  onEnd(): void;
  /** The socket is no more. */
  onClosed(): void;
  /** Ends a connection on which nothing is under way. */
  drain(): void;
  /** Takes no further request; what is under way has `graceMs`. */
  retire(graceMs: number): void;
  destroy(): void;
}

export type SpeakerOptions = {
  readonly thread: Thread;
  readonly socket: Socket;
  readonly handler: RequestHandler;
  readonly client: Client;
  readonly timeouts: DownstreamTimeouts;
  /** Nothing is left of the connection. */
  readonly onClosed: () => void;
};

export type ClientSocketOptions = Omit<SpeakerOptions, "onClosed"> & {
  readonly onClosed: (socket: ClientSocket) => void;
};

/** So many bytes of the preface tell it from every method that there is. */
const TELLING_BYTES = 3;

export class ClientSocket implements Faulty {
  readonly #options: SpeakerOptions;
  readonly #thread: Thread;
  #speaker: Speaker;
  /** No byte has come that says which protocol it is. */
  #isUndecided: boolean;
  /** First bytes that do not say it yet. */
  #early: Buffer | undefined = undefined;
  #isClosed = false;

  constructor({ onClosed, ...options }: ClientSocketOptions) {
    const { thread, socket } = options;
    const ended = (): void => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      thread.counters.add(Counter.connectionsOpen, -1);
      onClosed(this);
    };
    this.#options = { ...options, onClosed: ended };
    this.#thread = thread;
    this.#isUndecided = !(socket instanceof TLSSocket);
    thread.counters.add(Counter.connectionsOpened);
    thread.counters.add(Counter.connectionsOpen);
    this.#speaker = speakerOf(this.#options);
    this.#read();
  }

  #read(): void {
    const { thread, socket } = this.#options;
    const { readBuffer, nativeReads } = thread;
    const onRead = (length: number): void => this.#onRead(readBuffer, length);
    const past = nativeReads === undefined ? undefined : new ReadSocket(nativeReads, socket, onRead);
    const onNodeRead = (length: number): void => {
      onRead(length);
      past?.onNodeRead();
    };
    const isReadInto = thread.readsInto && readInto(socket, readBuffer, onNodeRead);
    if (isReadInto) past?.watch();
    if (!isReadInto) socket.on("data", (chunk: Buffer) => this.#onRead(chunk, chunk.length));
    socket.on(
      "end",
      guarded(this, () => this.#onEnd()),
    );
    socket.on(
      "close",
      guarded(this, () => {
        past?.close();
        this.#speaker.onClosed();
      }),
    );
    socket.on("error", () => {});
  }

  drain(): void {
    this.#speaker.drain();
  }

  retire(graceMs: number): void {
    this.#speaker.retire(graceMs);
  }

  destroy(): void {
    this.#speaker.destroy();
  }

  onFault(error: unknown): void {
    this.#speaker.onFault(error);
  }

  #onRead(bytes: Buffer, length: number): void {
    const thread = this.#thread;
    const { clock } = thread;
    thread.turn.relieve();
    clock.hold();
    try {
      if (this.#isUndecided) this.#decide(bytes, length);
      else this.#speaker.onBytes(bytes, length);
    } catch (error) {
      this.#speaker.onFault(error);
    } finally {
      clock.letGo();
    }
    thread.afterRead?.(bytes);
  }

  #onEnd(): void {
    const early = this.#early;
    this.#early = undefined;
    this.#isUndecided = false;
    if (early !== undefined) this.#speaker.onBytes(early, early.length);
    this.#speaker.onEnd();
  }

  #decide(bytes: Buffer, length: number): void {
    const first = this.#early === undefined ? bytes : Buffer.concat([this.#early, bytes.subarray(0, length)]);
    const count = this.#early === undefined ? length : first.length;
    const isPreface = isBeginOfPreface(first, Math.min(count, TELLING_BYTES));
    if (isPreface && count < TELLING_BYTES) {
      this.#early = Buffer.from(first.subarray(0, count));
      return;
    }
    this.#isUndecided = false;
    this.#early = undefined;
    if (isPreface) {
      (this.#speaker as Http1Connection).giveUp();
      this.#speaker = new Http2Connection(this.#options);
    }
    this.#speaker.onBytes(first, count);
  }
}

/** What TLS has agreed on; in plaintext HTTP/1.x until bytes say otherwise. */
function speakerOf(options: SpeakerOptions): Speaker {
  const agreed = options.socket instanceof TLSSocket ? options.socket.alpnProtocol : false;
  if (agreed === MESH_PROTOCOL) return new Http2Connection(options, "raw");
  return agreed === "h2" ? new Http2Connection(options) : new Http1Connection(options);
}

function isBeginOfPreface(bytes: Uint8Array, length: number): boolean {
  for (let at = 0; at < length; at++) if (bytes[at] !== PREFACE[at]) return false;
  return true;
}
