/**
 * A disk that can be full: a tmpfs in a mount namespace of its own, in which a test's processes
 * run. Needs the right to mount (root, in a namespace); where that is missing tests say so.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rm, statfs, writeFile } from "node:fs/promises";

const FILLER = "filler";
const CHUNKS_AT_MOST = 100;
const TOP_EVERY_MS = 20;

/** Why there can be none here; undefined where there can. */
export function whyNoSmallDisk(): string | undefined {
  const { status, error } = spawnSync("unshare", ["-m", "sh", "-c", "mount -t tmpfs none /mnt && command -v nsenter"]);
  if (error !== undefined) return "unshare is not installed";
  return status === 0 ? undefined : "mounting is not allowed here, or nsenter is not installed";
}

export class SmallDisk {
  readonly #holder: ChildProcess;
  readonly #fillers: string[] = [];
  #topping: NodeJS.Timeout | undefined;
  #topped: Promise<void> = Promise.resolve();
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

  /**
   * Leaves no byte, until `free`: also none of what others give back meanwhile (a file under way as it filled
   * up takes the place of an older one, and a process that starts would find room enough for what it keeps).
   */
  async fill(): Promise<void> {
    await this.#top();
    this.#topping ??= setInterval(() => void this.#top().catch(() => {}), TOP_EVERY_MS).unref();
  }

  /** Takes away what filled it. */
  async free(): Promise<void> {
    clearInterval(this.#topping);
    this.#topping = undefined;
    await this.#topped;
    for (const filler of this.#fillers.splice(0)) await rm(this.path(filler), { force: true });
  }

  #top(): Promise<void> {
    this.#topped = this.#topped.then(async () => {
      for (let n = 0; n < CHUNKS_AT_MOST; n++) {
        const { bavail, bsize } = await statfs(this.path("."));
        if (bavail === 0) return;
        const filler = `${FILLER}${this.#fillers.length}`;
        this.#fillers.push(filler);
        // The last byte that was asked for may be another's by now: what was written stays.
        await writeFile(this.path(filler), Buffer.alloc(bavail * bsize)).catch(() => {});
      }
    });
    return this.#topped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#topping);
    await this.#topped.catch(() => {});
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const exited = once(this.#holder, "exit");
    this.#holder.stdin?.end();
    await exited;
  }
}
