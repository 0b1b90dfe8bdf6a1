/**
 * Work that many small things ask for: done at once while it is rare, gathered while it is not, so
 * that it never takes more than a share of this thread's time, however many ask.
 */

/** Rest after a round, in rounds: a fifth of the time goes to what gathering saves, and nobody waits long for an answer. */
const REST = 4;
/** The machine may have stood still in the midst of a round: nobody is to wait for many times as long. */
const REST_MS_MAX = 1000;

/**
 * What asks for a round: the first is done in this turn or, after another one, when that has had its rest, `rest`
 * times as long as it took. `round` gives the milliseconds that it spent on what is done once for each that asked,
 * together or not: for these there is no rest, since none would be saved by it.
 */
export function makePaced(round: () => number, rest = REST): () => void {
  let restsUntilMs = 0;
  let isAsked = false;
  const run = () => {
    isAsked = false;
    const startMs = performance.now();
    const onceMs = round();
    const endMs = performance.now();
    restsUntilMs = endMs + Math.min(REST_MS_MAX, rest * Math.max(0, endMs - startMs - onceMs));
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
