/**
 * How many of those who wait for a listener are taken in one turn of the event loop: as many as there are requests in a
 * turn of clients who stay, so that of each turn these keep about half. A crowd of any size is in after some ten turns,
 * for each turn's newcomers are the next one's clients; who comes with a connection for each request never is, however
 * many there are, and delays others by no more than that.
 */

/** Of a thread, since its start: a connection may be closed that brought no request. */
export type Served = { readonly turns: number; readonly requests: number; readonly closed: number };

/** Even where nobody stays. Eight serve a flood no cheaper, and handshakes of TLS take milliseconds. */
export const NEWCOMERS_MIN = 4;
/** However many stay: even to accept so many takes tens of milliseconds. */
export const NEWCOMERS_MAX = 1024;

/** `before`: when newcomers were taken last. A connection's last request is not counted. */
export function newcomersMax(before: Served, now: Served): number {
  const ofThoseWhoStay = now.requests - before.requests - (now.closed - before.closed);
  const each = Math.floor(ofThoseWhoStay / Math.max(1, now.turns - before.turns));
  return Math.min(NEWCOMERS_MAX, Math.max(NEWCOMERS_MIN, each));
}
