/** Does long work so that disks, proxies and people have their turns meanwhile. */

/** Others wait no longer for a turn. */
const PART_MS = 3;

export async function inParts<T>(work: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const untilMs = performance.now() + PART_MS;
    do {
      const { done, value } = work.next();
      if (done === true) return value;
    } while (performance.now() < untilMs);
    await new Promise<void>((done) => setImmediate(done));
  }
}
