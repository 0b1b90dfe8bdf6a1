/** Work for many that is done a part a turn: what is written for the first goes out, and others are heard, before the last. */

export type Turns<T> = {
  /** Puts things at the end, each once; the first part is done at once where nothing waits. */
  readonly add: (things: Iterable<T>) => void;
  /** Whether it waits for its turn. */
  readonly has: (thing: T) => boolean;
  /** Forgets what waits. */
  readonly clear: () => void;
};

/** `part`: so many are done in one turn. */
export function makeTurns<T>(part: number, work: (thing: T) => void): Turns<T> {
  const waiting = new Set<T>();
  /** A turn is under way, or is asked for. */
  let isGoing = false;
  const turn = () => {
    isGoing = true;
    let left = part;
    try {
      for (const thing of waiting) {
        if (left-- === 0) break;
        waiting.delete(thing);
        work(thing);
      }
    } finally {
      isGoing = waiting.size > 0;
      if (isGoing) setImmediate(turn);
    }
  };
  return {
    add(things) {
      for (const thing of things) waiting.add(thing);
      if (!isGoing) turn();
    },
    has: (thing) => waiting.has(thing),
    clear: () => waiting.clear(),
  };
}
