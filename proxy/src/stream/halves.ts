/**
 * The two directions of a stream, as RFC 9113, section 5.1, has them of HTTP/2 and as every
 * other protocol has them, too: each ends by itself, or a reset ends both.
 *
 *     open ──send──▶ sent ──receive──▶ closed
 *      └──receive──▶ received ──send──▶ ┘          any of them ──reset──▶ closed
 */
import { move, moveTable } from "./moves.ts";

/** `sent`: ours is at its end · `received`: theirs is. */
export const Halves = { open: 0, sent: 1, received: 2, closed: 3 } as const;
export type Halves = (typeof Halves)[keyof typeof Halves];
export const HalfMove = { send: 0, receive: 1, reset: 2 } as const;
export type HalfMove = (typeof HalfMove)[keyof typeof HalfMove];

const MOVES = moveTable(Halves, HalfMove, {
  open: { send: "sent", receive: "received", reset: "closed" },
  sent: { receive: "closed", reset: "closed" },
  received: { send: "closed", reset: "closed" },
  closed: { reset: "closed" },
});

/** The halves behind a move; throws where that half is at its end already. */
export function moveHalves(halves: Halves, half: HalfMove): Halves {
  return move(MOVES, halves, half);
}
