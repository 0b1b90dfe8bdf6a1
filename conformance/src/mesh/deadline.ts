/** Waiting in tests: for a condition, with a deadline that is named in the failure. */

/** How long between two looks at what tells nobody when it changes, as /proc does. */
const LOOK_EVERY_MS = 20;

/** The first value that `look` gives; fails after `withinMs` with what it was waiting for. */
export async function until<T>(what: string, withinMs: number, look: () => Promise<T | undefined> | T | undefined) {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((next) => setTimeout(next, LOOK_EVERY_MS));
  }
}

/** What a promise gives, if it does so within `withinMs`. */
export async function within<T>(what: string, withinMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${withinMs} ms: ${what}`)), withinMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
