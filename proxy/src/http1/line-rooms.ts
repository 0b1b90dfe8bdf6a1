/**
 * Places for what connections remember (line-memory.ts), all in few pieces of memory: what only one connection looks at
 * is in no cache when its turn comes, and an array of its own would be two objects more that must be fetched to find it.
 * One thread's.
 */

/** Of one place: most heads' lines, with what was found of them. */
export const ROOM_BYTES = 1024;
const ROOMS_A_PIECE = 64;
/** Of 16,384 connections at both ends; what is beyond remembers in memory of its own. */
const PIECES_MAX = 512;

export class LineRooms {
  readonly #pieces: DataView[] = [];
  readonly #free: number[] = [];

  /** The number of a place that is nobody's; -1 where there is none. */
  take(): number {
    const room = this.#free.pop();
    if (room !== undefined) return room;
    if (this.#pieces.length === PIECES_MAX) return -1;
    const first = this.#pieces.length * ROOMS_A_PIECE;
    this.#pieces.push(new DataView(new ArrayBuffer(ROOMS_A_PIECE * ROOM_BYTES)));
    for (let next = first + ROOMS_A_PIECE - 1; next > first; next--) this.#free.push(next);
    return first;
  }

  /** Nobody may look at it any more. */
  giveBack(room: number): void {
    this.#free.push(room);
  }

  /** Where it lies. */
  pieceOf(room: number): DataView {
    return this.#pieces[Math.floor(room / ROOMS_A_PIECE)] as DataView;
  }

  offsetOf(room: number): number {
    return (room % ROOMS_A_PIECE) * ROOM_BYTES;
  }
}
