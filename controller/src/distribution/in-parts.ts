/**
 * Long work in parts: a generator that yields between two of them. Whoever has nothing else to do
 * finishes it; the shell (`shell/in-parts.ts`) lets others have a turn between the parts.
 */
export function finish<T>(work: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}
