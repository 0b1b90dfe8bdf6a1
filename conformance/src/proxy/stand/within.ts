/** Deadlines of scenarios: nothing is waited for without one, and what did not come is named. */

/** The promise's value, or an error that says what did not come in time. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const LOOK_MS = 5;

/** Looks again until `isSo`: for what no event tells, as a count in another process. */
export async function eventually(ms: number, what: () => string, isSo: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + ms;
  while (!(await isSo())) {
    if (performance.now() > untilMs) throw new Error(`not within ${ms} ms: ${what()}`);
    await new Promise((next) => setTimeout(next, LOOK_MS));
  }
}
