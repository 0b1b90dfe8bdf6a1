/** What lives in each process of a mesh that was started with `environment`. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const LIVE_FOLDER = "REGOMESH_LIVE_FOLDER";
export const SAY_EVERY_MS = 10_000;

/** In bytes, after a collection. */
export type SaidMemory = { readonly live: number; readonly resident: number };

/**
 * A young generation that is bounded, few arenas of the allocator, and what is freed goes back to
 * the system: then what is resident follows what lives.
 */
const TIGHT = {
  flags: "--max-semi-space-size=1",
  variables: { MALLOC_ARENA_MAX: "2", MALLOC_TRIM_THRESHOLD_: "65536", MALLOC_MMAP_THRESHOLD_: "65536" },
};

/** What says the memory calls native functions, of which Node warns. */
const QUIET = "--disable-warning=ExperimentalWarning";

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
    const options = `--expose-gc ${QUIET} ${TIGHT.flags} --import ${program}`;
    return { ...TIGHT.variables, NODE_OPTIONS: options, [LIVE_FOLDER]: this.#folder };
  }

  /** What a process said last; undefined before it has said any. */
  read(pid: number): SaidMemory | undefined {
    try {
      // A line that is being written has no end yet.
      const said = readFileSync(join(this.#folder, String(pid)), "utf8")
        .split("\n")
        .at(-2);
      if (said === undefined) return undefined;
      const [live = 0, resident = 0] = said.split(" ").map(Number);
      return { live, resident };
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
