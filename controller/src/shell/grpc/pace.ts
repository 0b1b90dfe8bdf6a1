/**
 * Work that many small things ask for: done at once while it is rare, gathered while it is not, so
 * that it never takes more than a share of this thread's time, however many ask.
 */

/** Rest after a round, in rounds. */
const REST = 3;

/** What asks for a round: the first is done in this turn or, after another one, when that has had its rest. */
export function makePaced(round: () => void): () => void {
  let restsUntilMs = 0;
  let isAsked = false;
  const run = () => {
    isAsked = false;
    const startMs = performance.now();
    round();
    const endMs = performance.now();
    restsUntilMs = endMs + REST * (endMs - startMs);
  };
  return () => {
    if (isAsked) return;
    const waitMs = restsUntilMs - performance.now();
    if (waitMs <= 0) return run();
    isAsked = true;
    if (waitMs < 1) setImmediate(run);
    else setTimeout(run, waitMs);
  };
}
