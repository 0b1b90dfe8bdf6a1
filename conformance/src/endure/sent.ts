/** What simulated proxies are sent, and what must never be so: half a snapshot, or another one under a number that there was. */
import type { SimulatedProxy } from "@regomesh/controller/test";

const FAULTS_MAX = 50;
/** What a simulated proxy says of a snapshot that is not whole; all else that it says is of streams, which end here all the time. */
const HALF = /^a snapshot without/;

type Told = ConstructorParameters<typeof SimulatedProxy>[4];

export class Sent {
  /** By workload, epoch and sequence, the hash of the envelope. */
  readonly #hashes = new Map<string, string>();
  readonly #numbers = new Set<string>();
  /** By workload, the greatest sequence of its epoch, and the revision that it was sent last. */
  readonly #last = new Map<string, { readonly epoch: string; readonly sequence: number; readonly revision: string }>();
  /** By revision, how many were sent it; and who waits for how many. */
  readonly #counts = new Map<string, number>();
  #awaited: { readonly revision: string; readonly count: number; readonly done: () => void } | undefined;
  readonly faults: string[] = [];
  snapshots = 0;

  get numbers(): number {
    return this.#numbers.size;
  }

  fault(message: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(message);
  }

  /** What a proxy of a workload calls as it is told things. */
  hear(workload: string): Told {
    return {
      onConnected: () => {},
      onEndpoints: () => {},
      onError: (message) => {
        if (HALF.test(message)) this.fault(`${workload}: ${message}`);
      },
      onSnapshot: (revision, _, { epoch, sequence, hash }) => this.#note(workload, { revision, epoch, sequence, hash }),
    };
  }

  #note(
    workload: string,
    {
      revision,
      epoch,
      sequence,
      hash,
    }: { readonly revision: string; readonly epoch: string; readonly sequence: number; readonly hash: string },
  ): void {
    this.snapshots++;
    this.#numbers.add(`${epoch} ${sequence}`);
    const key = `${workload} ${epoch} ${sequence}`;
    const known = this.#hashes.get(key);
    if (known !== undefined && known !== hash)
      this.fault(`${workload} was sent two snapshots under number ${sequence}`);
    this.#hashes.set(key, hash);
    const last = this.#last.get(workload);
    if (last !== undefined && last.epoch !== epoch)
      this.fault(`${workload} was sent another epoch after ${last.sequence}`);
    else if (last !== undefined && sequence < last.sequence)
      this.fault(`${workload} was sent ${sequence} after ${last.sequence}`);
    this.#last.set(workload, { epoch, sequence, revision });
    const count = (this.#counts.get(revision) ?? 0) + 1;
    this.#counts.set(revision, count);
    if (this.#awaited?.revision === revision && count >= this.#awaited.count) this.#awaited.done();
  }

  /** When so many have been sent a revision. */
  async reached(revision: string, count: number): Promise<void> {
    if ((this.#counts.get(revision) ?? 0) >= count) return;
    await new Promise<void>((done) => {
      this.#awaited = { revision, count, done };
    });
  }

  /** Workloads whose last snapshot is of another revision. */
  behind(revision: string): readonly string[] {
    return [...this.#last].flatMap(([workload, last]) => (last.revision === revision ? [] : [workload]));
  }
}
