/** The simulated proxies, from the side of whoever measures: what they were told, and waiting for it. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { SwarmOrder, SwarmReport } from "./swarm-messages.ts";

/**
 * A thousand machines collect their garbage each by itself and between revisions; their one process does so
 * when they have heard nothing for a while (`swarm-process.ts`), and not on both cores in the midst of a push.
 */
const FLAGS = [
  "--expose-gc",
  "--max-old-space-size=4096",
  "--min-semi-space-size=128",
  "--max-semi-space-size=128",
  "--no-parallel-scavenge",
  "--heap-growing-percent=400",
  "--external-memory-accounted-in-global-limit",
];

export class Swarm {
  readonly #child: ChildProcess;
  readonly snapshots: SwarmReport["snapshots"][number][] = [];
  readonly endpoints: SwarmReport["endpoints"][number][] = [];
  readonly errors: string[] = [];
  connected = 0;
  #onReport: () => void = () => {};

  constructor() {
    this.#child = fork(join(import.meta.dirname, "swarm-process.ts"), { execArgv: FLAGS });
    this.#child.on("message", (report: SwarmReport) => {
      this.snapshots.push(...report.snapshots);
      this.endpoints.push(...report.endpoints);
      this.errors.push(...report.errors);
      this.connected = report.connected;
      this.#onReport();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  order(order: SwarmOrder): void {
    this.#child.send(order);
  }

  /** Waits until something holds, looked at after each report; gives what was there instead after `withinMs`. */
  async until(what: string, withinMs: number, holds: () => boolean, found: () => string): Promise<void> {
    if (holds()) return;
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => {
        const error = this.errors.length === 0 ? "" : `; ${this.errors.length} errors, such as ${this.errors.at(-1)}`;
        fail(new Error(`not within ${withinMs} ms: ${what} (${found()}${error})`));
      }, withinMs);
      this.#onReport = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#onReport = () => {};
        done();
      };
    });
  }

  close(): void {
    this.#child.disconnect();
  }
}
