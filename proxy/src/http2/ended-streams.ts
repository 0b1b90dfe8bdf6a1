/** How the last streams ended, to tell a late frame, which is nobody's fault, from a wrong one. */
export const Ended = { whole: 0, resetByUs: 1, resetByPeer: 2 } as const;
export type Ended = (typeof Ended)[keyof typeof Ended];

const KEPT = 256;
const KINDS = 3;

export class EndedStreams {
  /** A ring of `id * KINDS + how`. */
  readonly #ring = new Float64Array(KEPT).fill(-1);
  #count = 0;

  note(id: number, how: Ended): void {
    this.#ring[this.#count++ % KEPT] = id * KINDS + how;
  }

  /** Undefined where it never was, or is no longer remembered. */
  how(id: number): Ended | undefined {
    for (const how of [Ended.whole, Ended.resetByUs, Ended.resetByPeer])
      if (this.#ring.includes(id * KINDS + how)) return how;
    return undefined;
  }
}
