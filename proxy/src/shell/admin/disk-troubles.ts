/** What the disk refuses a proxy, a sentence for each file, for as long as it does: it serves all the same. */
import type { Log } from "@regomesh/base";

export class DiskTroubles {
  readonly #byFile = new Map<string, string>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** What the disk says of a file; undefined where all is well with it. */
  hear(file: string, trouble: string | undefined): void {
    if (this.#byFile.get(file) === trouble) return;
    if (trouble === undefined) {
      this.#byFile.delete(file);
      this.#log.log("info", "the disk takes a file again", { file });
    } else {
      this.#byFile.set(file, trouble);
      this.#log.log("warn", "the disk does not take a file", { trouble });
    }
  }

  /** Each once: every thread finds the same of a file that they share. */
  list(): readonly string[] {
    return [...new Set(this.#byFile.values())];
  }
}
