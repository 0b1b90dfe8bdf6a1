/**
 * What status said of each workload, sample by sample, against what its proxies served: a
 * connected proxy serves no revision for longer than two seconds that status does not list.
 * A revision that was there for less may come and go between two samples.
 */
export type Sample = {
  readonly atMs: number;
  /** The revisions that status lists for the workload's connected proxies; undefined while one is away. */
  readonly listed: readonly string[] | undefined;
};

/** A revision may be served for so long without being listed. */
export const UNLISTED_MAX_MS = 2000;
const SAMPLES_MS = 500;
/** Between two samples; where there is a longer gap, nobody saw. */
const SAMPLE_GAP_MAX_MS = 1000;

export class Witness {
  readonly #samples = new Map<string, Sample[]>();
  /** By workload and revision: since when it is served, and is not listed. */
  readonly #unlisted = new Map<string, number>();

  /** Samples come in the order of time. */
  see(workload: string, sample: Sample): void {
    const samples = this.#samples.get(workload) ?? [];
    samples.push(sample);
    this.#samples.set(workload, samples);
  }

  /**
   * A proxy of the workload has decided by a revision at this time; asked in the order of time,
   * once status has been asked for longer than that. False where it serves that revision for too
   * long, connected all the while, and status does not list it.
   */
  isListed(workload: string, revision: string, atMs: number): boolean {
    const key = `${workload} ${revision}`;
    const sinceMs = Math.min(this.#unlisted.get(key) ?? atMs, atMs);
    // Two samples of it more, on either side: they are taken beside, not with it.
    const near = (this.#samples.get(workload) ?? []).filter(
      (sample) => sample.atMs >= sinceMs - SAMPLES_MS && sample.atMs <= atMs + SAMPLES_MS,
    );
    const isExcused = near.some(({ listed }) => listed === undefined || listed.includes(revision)) || hasGap(near);
    if (isExcused) this.#unlisted.delete(key);
    else this.#unlisted.set(key, sinceMs);
    return isExcused || atMs - sinceMs <= UNLISTED_MAX_MS;
  }

  /** Lets go of what no line to come is about. */
  forget(beforeMs: number): void {
    for (const [workload, samples] of this.#samples) {
      this.#samples.set(
        workload,
        samples.filter(({ atMs }) => atMs >= beforeMs),
      );
    }
  }
}

function hasGap(samples: readonly Sample[]): boolean {
  return samples.length < 2 || samples.some(({ atMs }, i) => atMs - (samples[i - 1]?.atMs ?? atMs) > SAMPLE_GAP_MAX_MS);
}
