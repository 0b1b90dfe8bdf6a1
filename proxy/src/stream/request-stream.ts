/**
 * One request of a client, whatever its connection speaks, as whoever answers it sees it:
 * HTTP/1.1 carries one of these at a time, HTTP/2 many. The request's own head, content and
 * end are told as they come; how a response is framed, and whether the connection stays
 * after it, is the codec's affair.
 */
import type { FieldChanges, Fields } from "@regomesh/policy-runtime";
import type { Reason } from "../filter/reason.ts";
import type { Head } from "../http1/head.ts";

/** What changes in a response's head on its way to the client. */
export type ResponseChanges = {
  /** Mask of known fields that do not go on. */
  readonly drop: number;
  /** What the route changes; undefined where nothing. */
  readonly changes: FieldChanges | undefined;
  /** What the permit adds. */
  readonly add: Fields;
};

export interface RequestStream {
  /** The client has not taken what it got: no more should come until `onDrain` is called. */
  readonly isFull: boolean;
  onDrain: (() => void) | undefined;
  /** Content of the request waits, at the client if need be. */
  pause(): void;
  resume(): void;
  sendInterim(head: Head): void;
  sendHead(head: Head, changes: ResponseChanges): void;
  /** Spans of bytes are used up when the call returns. */
  sendContent(bytes: Uint8Array, from: number, to: number): void;
  sendEnd(trailers: Head): void;
}

/** Who answers for a request where its exchange does not. */
export interface ExchangeClient {
  /** Never throws. */
  onFault(error: unknown): void;
  /** The mesh answers by itself; `status` where it is not what the reason gives, otherwise 0. */
  respond(reason: Reason, detail: string, status?: number): void;
  /** The response has gone out whole. */
  onExchangeDone(): void;
  /** The response broke off for `reason`. */
  cut(reason: Reason): void;
  /** Ends the request where its client has sent nothing of its content, or taken nothing of its response, for so long. */
  yieldIfQuiet(quietMs: number): boolean;
}
