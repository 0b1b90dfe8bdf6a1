/**
 * Frames of which a peer may send so many for what it has had or begun, however fast that goes: a busy
 * connection is no flood. What there is beyond that means nothing.
 *
 *     WINDOW_UPDATE  for each DATA frame that we sent, and for each stream, as Envoy has them
 *     RST_STREAM     of a stream that has ended, one for each: a server that has answered whole says so that it
 *                    wants no more of the request (RFC 9113, section 8.1; nginx does for each whose content it has
 *                    not read), a client cancels what is on its way to it
 *     PING           one for each DATA frame that we sent: gRPC's ends measure by them what the path holds, once
 *                    a round trip for as long as content comes, which nearby is for each call
 *     late frames    heads and ends of streams that we reset: what was on its way, and what its sender still says
 *                    before it hears of it
 */
const UPDATES_PER_DATA = 10;
const UPDATES_PER_STREAM = 2;
/** An interim response, a head, an end; one more. Content counts for the windows. */
const LATE_PER_RESET = 4;
/** For nothing. */
const FREE = 200;

/** What is known of the connection's streams. */
export type Earned = { readonly dataFrames: number; readonly begun: number; readonly reset: number };

export class EarnedFrames {
  #updates = 0;
  #lateResets = 0;
  #pings = 0;
  #late = 0;

  /** Counts a WINDOW_UPDATE; false where that is too many. */
  takesUpdate({ dataFrames, begun }: Earned): boolean {
    return ++this.#updates <= FREE + dataFrames * UPDATES_PER_DATA + begun * UPDATES_PER_STREAM;
  }

  /** Counts a RST_STREAM of a stream that has ended; false where that is too many. */
  takesLateReset({ begun }: Earned): boolean {
    return ++this.#lateResets <= FREE + begun;
  }

  /** Counts a PING where it is one of those; others are held to a rate. */
  takesPing({ dataFrames }: Earned): boolean {
    if (this.#pings >= dataFrames) return false;
    this.#pings++;
    return true;
  }

  /** Counts a late frame; false where that is too many. */
  takesLate({ reset }: Earned): boolean {
    return ++this.#late <= FREE + reset * LATE_PER_RESET;
  }
}
