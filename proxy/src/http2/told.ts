/** What a connection tells its caller: an event, and what belongs to it, which holds until the next one. */
import type { Fault } from "../http1/fault.ts";
import { ErrorCode } from "./error-code.ts";
import type { Stream } from "./stream.ts";

export const Http2Event = {
  /** All bytes are taken; feed more. */
  needMore: 0,
  /** `head` of `stream` is whole and settled; `isEnd`: nothing follows. Interim (1xx) ones too. */
  head: 1,
  /** A request's head that is too much, or asks for what there is not: `refusal` says with which status to answer. */
  refusal: 2,
  /** bytes[from, to) is content of `stream`; `release` it once it is used up. */
  content: 3,
  /** `head` holds the trailer fields of `stream`, which has ended. */
  trailers: 4,
  /** `stream` is no more: `code`, by the peer or by us (`byPeer`); `wasProcessed` is false where a retry is safe. */
  reset: 5,
  /** `stream`, or where it is undefined any stream that is blocked, may send again. */
  window: 6,
  /** The peer takes no new stream; `code` says why. */
  goaway: 7,
  /** The peer has answered our ping. */
  pong: 8,
  /** The connection is in error: write `output`, then close it. */
  fault: 9,
} as const;
export type Http2Event = (typeof Http2Event)[keyof typeof Http2Event];

export const NO_BYTES = new Uint8Array(0);

export class Told {
  stream: Stream | undefined = undefined;
  refusal: Fault | undefined = undefined;
  bytes: Uint8Array = NO_BYTES;
  from = 0;
  to = 0;
  isEnd = false;
  code: ErrorCode = ErrorCode.noError;
  byPeer = false;
  wasProcessed = true;
  /** Of a fault: what the peer did, for logs. */
  reason = "";
}
