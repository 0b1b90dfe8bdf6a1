/**
 * Reads the access logs of the sidecars as they grow, from where it stopped, and gives the
 * disk back what was read: as a hole, so that the file keeps its length and no line that is
 * being written meanwhile is lost or torn by us.
 */
import { execFile } from "node:child_process";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import { type AccessLine, parseLine } from "./expected.ts";

const run = promisify(execFile);
const READ_BYTES = 1024 * 1024;
/** Given back at a time: of a disk of some ten megabytes a small part. */
const HOLE_BYTES = 2 * 1024 * 1024;

/** How far a log was read. */
type Place = { readBytes: number; holeBytes: number; rest: Buffer };

export class Records {
  readonly #workloads: readonly string[];
  readonly #path: (workload: string) => string;
  readonly #givesBack: boolean;
  readonly #places = new Map<string, Place>();
  /** Parts of lines by workload: a process that was killed in the middle of one leaves it so. */
  readonly torn = new Map<string, number>();

  /** `path` gives a workload's log. `givesBack`: it is on a small disk, and `fallocate` is there. */
  constructor(workloads: readonly string[], path: (workload: string) => string, givesBack: boolean) {
    this.#workloads = workloads;
    this.#path = path;
    this.#givesBack = givesBack;
  }

  /** The lines since the last call. */
  async take(): Promise<readonly { readonly workload: string; readonly line: AccessLine }[]> {
    const all = await Promise.all(
      this.#workloads.map(async (workload) => (await this.#read(workload)).map((line) => ({ workload, line }))),
    );
    return all.flat();
  }

  async #read(workload: string): Promise<readonly AccessLine[]> {
    const place = this.#places.get(workload) ?? { readBytes: 0, holeBytes: 0, rest: Buffer.alloc(0) };
    this.#places.set(workload, place);
    const path = this.#path(workload);
    const bytes = Buffer.concat([place.rest, await readFrom(path, place.readBytes)]);
    place.readBytes += bytes.length - place.rest.length;
    const end = bytes.lastIndexOf(LF) + 1;
    place.rest = bytes.subarray(end);
    if (this.#givesBack && place.readBytes - place.holeBytes >= HOLE_BYTES) {
      place.holeBytes = place.readBytes;
      await run("fallocate", ["--punch-hole", "--offset", "0", "--length", String(place.holeBytes), path]);
    }
    const lines = bytes.subarray(0, end).toString("utf8").split("\n").slice(0, -1);
    return lines.flatMap((each) => {
      const line = parseLine(each);
      if (line === undefined) this.torn.set(workload, (this.torn.get(workload) ?? 0) + 1);
      return line ?? [];
    });
  }
}

const LF = 0x0a;

/** What is behind a place now; nothing where there is no file yet. */
async function readFrom(path: string, from: number): Promise<Buffer> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return Buffer.alloc(0);
  try {
    const parts: Buffer[] = [];
    for (let at = from; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, at);
      if (bytesRead === 0) return Buffer.concat(parts);
      parts.push(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}
