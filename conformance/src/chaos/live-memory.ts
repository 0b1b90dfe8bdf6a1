/** What lives in each process of a mesh that was started with `environment`. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const LIVE_FOLDER = "REGOMESH_LIVE_FOLDER";
export const SAY_EVERY_MS = 5000;

export class LiveMemory {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<LiveMemory> {
    return new LiveMemory(await mkdtemp(join(tmpdir(), "regomesh-live-")));
  }

  /** Variables of the processes. */
  get environment(): Readonly<Record<string, string>> {
    const program = pathToFileURL(join(import.meta.dirname, "say-live.ts")).href;
    return { NODE_OPTIONS: `--expose-gc --import ${program}`, [LIVE_FOLDER]: this.#folder };
  }

  /** The bytes that a process said last; undefined before it has said any. */
  read(pid: number): number | undefined {
    try {
      // A line that is being written has no end yet.
      const said = readFileSync(join(this.#folder, String(pid)), "utf8")
        .split("\n")
        .at(-2);
      return said === undefined ? undefined : Number(said);
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
