/**
 * How heads and trailers stand in HEADERS frames. Everything else of a connection is the same
 * for every coding: frames, streams, windows, floods.
 *
 *     hpack   RFC 7541, for everybody who speaks HTTP/2
 *     raw     the head as HTTP/1.1's text, as both ends have it anyway; between sidecars alone,
 *             which agree on it by ALPN
 */
import { FAULTS, type Fault } from "../http1/fault.ts";
import { settleRequest, settleResponse } from "../http1/framing.ts";
import { Framing, type Head } from "../http1/head.ts";
import type { CodecLimits } from "../http1/limits.ts";
import { Method } from "../http1/method.ts";

export type HeadCoding = "hpack" | "raw";

export type BlockKind = "request" | "response" | "trailers";

/** Why a block is no head. `malformed` is a stream error; the others can be answered. */
export type HeadFault =
  | { readonly kind: "malformed"; readonly reason: string }
  | { readonly kind: "refused"; readonly fault: Fault };

/** A whole block of HEADERS and CONTINUATIONs becomes a head. */
export interface HeadDecoding {
  readonly head: Head;
  /** Of the block read last. */
  readonly fault: HeadFault | undefined;
  /** More is kept of it than nearly any takes, until `rest`. */
  readonly isLarge: boolean;
  /** It is dealt with. */
  rest(): void;
  /**
   * Reads bytes[from, to). `isEnd`: no content follows; of a response, `method` is its request's.
   * False where no block behind this one can be read either.
   */
  decode(bytes: Uint8Array, from: number, to: number, kind: BlockKind, isEnd: boolean, method?: Method): boolean;
}

/** What the fields of a whole head mean on a stream, where frames delimit content. */
export function settleHead(
  head: Head,
  kind: "request" | "response",
  limits: CodecLimits,
  isEnd: boolean,
  method: Method = Method.other,
): HeadFault | undefined {
  const fault = kind === "request" ? settleRequest(head, limits) : settleResponse(head, method, limits);
  // Framing is the frames' own; a response without a length does not end with the connection.
  head.keepAlive = true;
  if (fault === FAULTS.switching) return malformed("status 101");
  // What HTTP/1.1 answers with 400 is malformed here; 417 and the like are answers in both.
  if (fault !== undefined)
    return kind === "response" || fault.status === 400 ? malformed(fault.reason) : refused(fault);
  const hasNone = kind === "response" && isWithoutContent(head.status, method);
  if (isEnd && !hasNone && head.framing === Framing.length && head.contentLength > 0)
    return malformed("an end before the content that Content-Length says");
  // Its end may come in a frame of its own, which brings no content either.
  if (isEnd || hasNone) head.framing = Framing.none;
  else if (head.framing !== Framing.length) head.framing = Framing.chunked;
  head.expectsContinue &&= !isEnd;
  return undefined;
}

export function malformed(reason: string): HeadFault {
  return { kind: "malformed", reason };
}

export function refused(fault: Fault): HeadFault {
  return { kind: "refused", fault };
}

/** RFC 9110, section 6.4.1: no content whatever Content-Length says. */
function isWithoutContent(status: number, method: Method): boolean {
  return status < 200 || status === 204 || status === 304 || method === Method.head;
}
