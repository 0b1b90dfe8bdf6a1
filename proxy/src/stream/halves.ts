/**
 * The two directions of a stream, as RFC 9113, section 5.1, has them of HTTP/2 and as every
 * other protocol has them, too: each ends by itself, or a reset ends both.
 *
 *     open ──send──▶ sent ──receive──▶ closed
 *      └──receive──▶ received ──send──▶ ┘          any of them ──reset──▶ closed
 */
import { type MoveTable, move } from "./moves.ts";

/** `sent`: ours is at its end · `received`: theirs is. */
export type Halves = "open" | "sent" | "received" | "closed";
export type HalfMove = "send" | "receive" | "reset";

const MOVES: MoveTable<Halves, HalfMove> = {
  open: { send: "sent", receive: "received", reset: "closed" },
  sent: { receive: "closed", reset: "closed" },
  received: { send: "closed", reset: "closed" },
  closed: { reset: "closed" },
};

/** The halves behind a move; throws where that half is at its end already. */
export function moveHalves(halves: Halves, half: HalfMove): Halves {
  return move(MOVES, halves, half);
}
