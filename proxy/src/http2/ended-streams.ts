/** How the last streams ended, to tell a late frame, which is nobody's fault, from a wrong one. */
export const Ended = { whole: 0, resetByUs: 1, resetByPeer: 2, forgotten: 3 } as const;
export type Ended = (typeof Ended)[keyof typeof Ended];

const KEPT = 256;
const KINDS = 3;
const NOTHING = new Float64Array(0);

export class EndedStreams {
  /** A ring of `id * KINDS + how`, made for the first. */
  #ring = NOTHING;
  #count = 0;
  /** The largest that the ring has lost: of those up to it nobody knows more than that they may have been. */
  #lostLast = -1;
  /** That we reset, ever. */
  resetByUs = 0;

  note(id: number, how: Ended): void {
    if (this.#count === 0) this.#ring = new Float64Array(KEPT).fill(-1);
    const place = this.#count++ % KEPT;
    this.#lostLast = Math.max(this.#lostLast, Math.floor(this.#ring[place]! / KINDS));
    this.#ring[place] = id * KINDS + how;
    if (how === Ended.resetByUs) this.resetByUs++;
  }

  /** Undefined where it never was. */
  how(id: number): Ended | undefined {
    for (const how of [Ended.whole, Ended.resetByUs, Ended.resetByPeer])
      if (this.#ring.includes(id * KINDS + how)) return how;
    return id <= this.#lostLast ? Ended.forgotten : undefined;
  }
}
