/** Reads the access logs of the sidecars as they grow, and takes from the disk what was read. */
import { open, truncate } from "node:fs/promises";
import { WORKLOADS } from "@regomesh/cli";
import { type AccessLine, parseLine } from "./expected.ts";

export class Records {
  readonly #path: (workload: string) => string;
  readonly #rest = new Map<string, string>();
  /** Parts of lines: what a full disk, or a process that was killed, has left. */
  torn = 0;

  /** `path` gives a workload's log. */
  constructor(path: (workload: string) => string) {
    this.#path = path;
  }

  /** The lines since the last call. */
  async take(): Promise<readonly { readonly workload: string; readonly line: AccessLine }[]> {
    const all = await Promise.all(
      WORKLOADS.map(async ({ name }) => (await this.#read(name)).map((line) => ({ workload: name, line }))),
    );
    return all.flat();
  }

  async #read(workload: string): Promise<readonly AccessLine[]> {
    const path = this.#path(workload);
    const text = await readAndEmpty(path).catch(() => "");
    const lines = `${this.#rest.get(workload) ?? ""}${text}`.split("\n");
    this.#rest.set(workload, lines.pop() ?? "");
    return lines.flatMap((each) => {
      const line = parseLine(each);
      if (line === undefined) this.torn++;
      return line ?? [];
    });
  }
}

/** Lines that come between the two are lost: no proxy waits for us. */
async function readAndEmpty(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const text = await file.readFile("utf8");
    await truncate(path, 0);
    return text;
  } finally {
    await file.close();
  }
}
