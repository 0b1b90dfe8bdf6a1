/**
 * States of a stream (RFC 9113, section 5.1); pushes are refused, so that nothing is reserved.
 *
 *     idle ──HEADERS──▶ open ──END_STREAM──▶ half-closed ──END_STREAM──▶ closed
 *                        └─────────── RST_STREAM, either way ──────────────▲
 */
export const StreamState = { idle: 0, open: 1, halfClosedLocal: 2, halfClosedRemote: 3, closed: 4 } as const;
export type StreamState = (typeof StreamState)[keyof typeof StreamState];

export const StreamMove = {
  /** HEADERS that begin it, from either side. */
  begin: 0,
  /** END_STREAM from us. */
  endLocal: 1,
  /** END_STREAM from the peer. */
  endRemote: 2,
  /** RST_STREAM, from either side. */
  reset: 3,
} as const;
export type StreamMove = (typeof StreamMove)[keyof typeof StreamMove];

const { open, halfClosedLocal, halfClosedRemote, closed } = StreamState;

/** MOVES[state][move]; undefined is no move of that state. */
const MOVES: readonly (readonly (StreamState | undefined)[])[] = [
  /* idle             */ [open, undefined, undefined, undefined],
  /* open             */ [undefined, halfClosedLocal, halfClosedRemote, closed],
  /* halfClosedLocal  */ [undefined, undefined, closed, closed],
  /* halfClosedRemote */ [undefined, closed, undefined, closed],
  /* closed           */ [undefined, undefined, undefined, closed],
];

/** The state after the move; undefined where the state has no such move. */
export function moveStream(state: StreamState, move: StreamMove): StreamState | undefined {
  return MOVES[state]?.[move];
}

/** Whether the peer may still send HEADERS or DATA. */
export function mayReceive(state: StreamState): boolean {
  return state === open || state === halfClosedLocal;
}

/** Whether we may. */
export function maySend(state: StreamState): boolean {
  return state === open || state === halfClosedRemote;
}
