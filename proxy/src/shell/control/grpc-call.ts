/** One call on a channel: messages out and in, and how it ends, which is told once. */
import { statusIn } from "../../grpc/call.ts";
import { frameMessage, MessageReader } from "../../grpc/message-reader.ts";
import { decodeMessage } from "../../grpc/message-text.ts";
import { GrpcStatus, grpcStatusOf } from "../../grpc/status.ts";
import type { Head } from "../../http1/head.ts";
import type { Stream } from "../../http2/stream.ts";
import { GrpcError } from "./grpc-error.ts";

/** A method as the protocol's generated code describes it. */
export type MethodOf<Request, Reply> = {
  readonly path: string;
  readonly requestSerialize: (message: Request) => Uint8Array;
  readonly responseDeserialize: (bytes: Buffer) => Reply;
};

export type CallHandlers<Reply> = {
  /** The other end has taken the call. */
  readonly onHead?: () => void;
  readonly onMessage: (reply: Reply) => void;
  /** `error`: how it failed; undefined: it is done. */
  readonly onEnd: (error: GrpcError | undefined) => void;
};

type Owner = {
  /** Sends what the windows allow of bytes[from, …); how much that was. */
  readonly write: (stream: Stream, bytes: Uint8Array, from: number, isEnd: boolean) => number;
  readonly cancel: (stream: Stream) => void;
  readonly onEnded: () => void;
  readonly isFull: () => boolean;
};

/** A snapshot with its modules: some megabytes for a large mesh. */
const RECEIVE_BYTES_MAX = 256 * 1024 * 1024;
/** Beyond this no more should be written. */
const WAITING_BYTES_MAX = 64 * 1024;
const NOTHING = new Uint8Array(0);
const MESSAGE_NAME = "grpc-message";

export class GrpcCall<Request, Reply> {
  readonly #method: MethodOf<Request, Reply>;
  readonly #handlers: CallHandlers<Reply>;
  readonly #owner: Owner;
  readonly #reader = new MessageReader(RECEIVE_BYTES_MAX);
  #stream: Stream | undefined = undefined;
  /** What windows hold up, in order; of the first, `sent` bytes are out. */
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #sent = 0;
  #isEnding = false;
  #isEndSent = false;
  #isEnded = false;

  constructor(method: MethodOf<Request, Reply>, handlers: CallHandlers<Reply>, owner: Owner) {
    this.#method = method;
    this.#handlers = handlers;
    this.#owner = owner;
  }

  get isFull(): boolean {
    return this.#waitingBytes >= WAITING_BYTES_MAX || this.#owner.isFull();
  }

  write(message: Request): void {
    if (this.#isEnded || this.#isEnding) return;
    const framed = frameMessage(this.#method.requestSerialize(message));
    this.#waiting.push(framed);
    this.#waitingBytes += framed.length;
    this.send();
  }

  /** No further message. */
  end(): void {
    this.#isEnding = true;
    this.send();
  }

  /** Ends it at once; nothing more is told of it. */
  cancel(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.#stream !== undefined) this.#owner.cancel(this.#stream);
    this.#owner.onEnded();
  }

  // The channel's side.

  begin(stream: Stream): void {
    this.#stream = stream;
    this.send();
  }

  send(): void {
    const stream = this.#stream;
    if (stream === undefined || this.#isEnded) return;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const count = this.#owner.write(stream, first, this.#sent, false);
      this.#sent += count;
      this.#waitingBytes -= count;
      if (this.#sent < first.length) return;
      this.#waiting.shift();
      this.#sent = 0;
    }
    if (!this.#isEnding || this.#isEndSent) return;
    this.#isEndSent = true;
    this.#owner.write(stream, NOTHING, 0, true);
  }

  onHead(head: Head, isEnd: boolean): void {
    if (isEnd || head.status !== 200) return void this.#settle(head, head.status);
    this.#handlers.onHead?.();
  }

  onContent(bytes: Uint8Array, from: number, to: number, isEnd: boolean): void {
    if (this.#isEnded) return;
    for (const message of this.#reader.feed(bytes, from, to)) {
      try {
        this.#handlers.onMessage(this.#method.responseDeserialize(message));
      } catch (error) {
        // One that is no message of its kind, or that nobody can deal with: the process is none the worse for it.
        return void this.#break(new GrpcError(GrpcStatus.internal, `a reply cannot be read: ${error}`));
      }
      if (this.#isEnded) return;
    }
    const { fault } = this.#reader;
    if (fault !== undefined) this.#break(new GrpcError(GrpcStatus.internal, `a message is ${fault}`));
    else if (isEnd) this.fail(new GrpcError(GrpcStatus.internal, "the call ended without a status"));
  }

  onTrailers(head: Head): void {
    this.#settle(head, 200);
  }

  #settle(head: Head, status: number): void {
    const said = statusIn(head);
    const code = said < 0 ? grpcStatusOf(status, "") : (said as GrpcStatus);
    if (code !== GrpcStatus.ok) return void this.#break(new GrpcError(code, messageOf(head)));
    if (this.#reader.isPending) return void this.fail(new GrpcError(GrpcStatus.internal, "half a message came"));
    this.#end(undefined);
  }

  /** The other end need send, and take, no more of it. */
  #break(error: GrpcError): void {
    if (this.#stream !== undefined && !this.#isEnded) this.#owner.cancel(this.#stream);
    this.fail(error);
  }

  fail(error: GrpcError): void {
    this.#end(error);
  }

  #end(error: GrpcError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#owner.onEnded();
    this.#handlers.onEnd(error);
  }
}

function messageOf(head: Head): string {
  for (let index = 0; index < head.fieldCount; index++) {
    if (head.nameText(index).toLowerCase() === MESSAGE_NAME) return decodeMessage(head.valueText(index));
  }
  return "";
}
