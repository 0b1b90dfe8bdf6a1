/** Requests without a pause, from several clients at once, and what went wrong with them. */
import { within } from "./deadline.ts";
import type { TestMesh } from "./test-mesh.ts";

export const CLIENTS = 4;
/** Progress is a matter of milliseconds; a load that stands still has lost a request. */
const PROGRESS_MS = 10_000;

const FAILURES_SHOWN = 5;

export class Load {
  readonly #mesh: TestMesh;
  readonly #clients: Promise<void>[];
  readonly #failures: string[] = [];
  readonly #waiting = new Set<{ readonly count: number; readonly done: () => void }>();
  #answers = 0;
  #isEnding = false;

  constructor(mesh: TestMesh) {
    this.#mesh = mesh;
    this.#clients = Array.from({ length: CLIENTS }, () => this.#run());
  }

  /** Resolves when that many more requests have been answered. */
  async more(count: number): Promise<void> {
    const target = this.#answers + count;
    const reached = new Promise<void>((done) => this.#waiting.add({ count: target, done }));
    await within(`${count} more answers`, PROGRESS_MS, reached);
  }

  /** Ends it; gives the first requests that did not get their 200. */
  async end(): Promise<readonly string[]> {
    this.#isEnding = true;
    await Promise.all(this.#clients);
    return this.#failures.slice(0, FAILURES_SHOWN);
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      const outcome = await this.#mesh.ask("/orders").then(
        ({ status, body }) => (status === 200 ? undefined : `${status} ${JSON.stringify(body)}`),
        (error: unknown) => String(error),
      );
      if (outcome !== undefined) this.#failures.push(outcome);
      this.#answers++;
      for (const waiting of this.#waiting) {
        if (waiting.count > this.#answers) continue;
        this.#waiting.delete(waiting);
        waiting.done();
      }
    }
  }
}
