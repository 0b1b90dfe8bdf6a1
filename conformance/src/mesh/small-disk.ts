/**
 * A disk that can be full: a tmpfs in a mount namespace of its own, in which a test's processes
 * run. Needs the right to mount (root, in a namespace); where that is missing tests say so.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rm, statfs, writeFile } from "node:fs/promises";

const FILLER = "filler";
const CHUNK_BYTES = 64 * 1024;

/** Why there can be none here; undefined where there can. */
export function whyNoSmallDisk(): string | undefined {
  const { status, error } = spawnSync("unshare", ["-m", "sh", "-c", "mount -t tmpfs none /mnt && command -v nsenter"]);
  if (error !== undefined) return "unshare is not installed";
  return status === 0 ? undefined : "mounting is not allowed here, or nsenter is not installed";
}

export class SmallDisk {
  readonly #holder: ChildProcess;
  /** As processes inside see it. */
  readonly folder: string;

  private constructor(holder: ChildProcess, folder: string) {
    this.#holder = holder;
    this.folder = folder;
  }

  /** Mounts an empty disk of that size over a folder that is there. */
  static async open(folder: string, megabytes: number): Promise<SmallDisk> {
    // It ends with this process: its standard input then closes.
    const script = 'mount -t tmpfs -o size="$1"m,mode=700 none "$2" && echo mounted && exec cat';
    const holder = spawn("unshare", ["-m", "sh", "-c", script, "sh", String(megabytes), folder], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const said = await Promise.race([once(holder.stdout, "data"), once(holder, "exit").then(() => undefined)]);
    if (said === undefined) throw new Error(`no disk could be mounted over ${folder}`);
    return new SmallDisk(holder, folder);
  }

  /** Stands before a command that shall see the disk. */
  get before(): readonly string[] {
    return ["nsenter", "-t", String(this.#holder.pid), "-m", "-w"];
  }

  /** A file of the disk as this process reaches it. */
  path(name: string): string {
    return `/proc/${this.#holder.pid}/root${this.folder}/${name}`;
  }

  /** Leaves no byte. */
  async fill(): Promise<void> {
    const { bavail, bsize } = await statfs(this.path("."));
    await writeFile(this.path(FILLER), Buffer.alloc(bavail * bsize)).catch(() => {});
    for (let n = 0; (await statfs(this.path("."))).bavail > 0 && n < 100; n++) {
      await writeFile(this.path(`${FILLER}${n}`), Buffer.alloc(CHUNK_BYTES)).catch(() => {});
    }
  }

  /** Takes away what filled it. */
  async free(): Promise<void> {
    for (const n of ["", ...Array(100).keys()]) await rm(this.path(`${FILLER}${n}`), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const exited = once(this.#holder, "exit");
    this.#holder.stdin?.end();
    await exited;
  }
}
