/**
 * Frames of which a peer may send so many for what it has had or begun, however fast that goes: a busy
 * connection is no flood. What there is beyond that means nothing.
 *
 *     WINDOW_UPDATE  for each DATA frame that we sent, and for each stream, as Envoy has them
 *     RST_STREAM     of a stream that has ended, one for each: a server that has answered whole says so that it
 *                    wants no more of the request (RFC 9113, section 8.1; nginx does for each whose content it has
 *                    not read), a client cancels what is on its way to it
 */
const UPDATES_PER_DATA = 10;
const UPDATES_PER_STREAM = 2;
/** For nothing. */
const FREE = 200;

/** What is known of the connection's streams. */
export type Earned = { readonly dataFrames: number; readonly begun: number };

export class EarnedFrames {
  #updates = 0;
  #lateResets = 0;

  /** Counts a WINDOW_UPDATE; false where that is too many. */
  takesUpdate({ dataFrames, begun }: Earned): boolean {
    return ++this.#updates <= FREE + dataFrames * UPDATES_PER_DATA + begun * UPDATES_PER_STREAM;
  }

  /** Counts a RST_STREAM of a stream that has ended; false where that is too many. */
  takesLateReset({ begun }: Earned): boolean {
    return ++this.#lateResets <= FREE + begun;
  }
}
