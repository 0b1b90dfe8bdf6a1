/**
 * One request at an endpoint, whatever its connection speaks: HTTP/1.1 carries one of these
 * at a time, HTTP/2 as many as the other end allows. A head is HTTP/1.1's text with its
 * spans; how content is framed, and whether the connection stays, is the codec's affair.
 *
 *     sendHead → sendContent* → sendEnd        onInterim* → onHead → onContent* → onEnd
 *
 * in both directions at once, until both are at their end, or `reset`, from either side.
 */
import type { Reason } from "../filter/reason.ts";
import type { Framing, Head } from "../http1/head.ts";
import type { Method } from "../http1/method.ts";
import type { Faulty } from "../time/timer-wheel.ts";

export interface UpstreamStream {
  /** Whom TLS has shown at the other end; undefined on plaintext. */
  readonly principal: string | undefined;
  /** Its connection has carried requests before, and may have been closed just then. */
  readonly isReused: boolean;
  /** Enough waits to be sent: no more should come until `onDrain` is called. */
  readonly isFull: boolean;
  onDrain: (() => void) | undefined;
  sendHead(bytes: Uint8Array, end: number, method: Method, framing: Framing): void;
  /** Spans of bytes are used up when the call returns, in both directions. */
  sendContent(bytes: Uint8Array, from: number, to: number): void;
  sendEnd(trailers: Head): void;
  /** What the response brings waits, at the other end if need be. */
  pause(): void;
  resume(): void;
  /** Cuts it off; its listener hears nothing more of it. */
  reset(): void;
  /** Both directions are at their end: lets go of it. */
  release(): void;
}

export type UpstreamReset = {
  readonly reason: Reason;
  /** For logs; "" where the reason says it all. */
  readonly detail: string;
  /** False: the other end has surely not begun with the request, so that anyone may be asked again. */
  readonly wasProcessed: boolean;
};

export interface UpstreamListener extends Faulty {
  onInterim(head: Head): void;
  onHead(head: Head): void;
  onContent(bytes: Uint8Array, from: number, to: number): void;
  onEnd(trailers: Head): void;
  /** The stream is no more, before both directions were at their end. */
  onReset(reset: UpstreamReset): void;
  /** Others wait for a connection: ends the request where its client has sent or taken nothing for so long, and says so. */
  yieldIfQuiet(quietMs: number): boolean;
}

/** A request that waits for its stream. */
export interface StreamWaiter extends UpstreamListener {
  onStream(stream: UpstreamStream): void;
  onNoStream(reason: Reason, detail: string): void;
  /** The endpoint is withdrawn: there may be another. */
  onWithdrawn(): void;
}

/** The connections to one endpoint, as a request sees them. */
export interface StreamPool {
  readonly connectionsMax: number;
  /** A stream at once; "waiting": the waiter is called; "full" and "closed": it is not. */
  open(waiter: StreamWaiter, nowMs: number): UpstreamStream | "waiting" | "full" | "closed";
  cancel(waiter: StreamWaiter): void;
}

/** A whole request, in bytes of its own. */
export type RequestCopy = {
  readonly head: Uint8Array;
  readonly method: Method;
  readonly framing: Framing;
  readonly content: Uint8Array;
  readonly trailers: Head;
};
