/**
 * The processes of a mesh, by name: each can be started again with what it said when it was
 * ready, by whoever asks, and by itself where it died unasked.
 */
import { writeFile } from "node:fs/promises";
import { Child, ChildFailed, type Ready } from "./child.ts";
import { afterDeath, type Deaths } from "./restart.ts";

/** Two seconds where nothing else runs; one that ends is noticed at once, so this is for what hangs. */
const READY_MS = 60_000;

export type FamilyEvents = {
  /** One died unasked; it is started again after `pauseMs`, or not where that is undefined. */
  readonly onExit: (name: string, how: string, pauseMs: number | undefined, lastWords: readonly string[]) => void;
  /** One that was started again by itself is ready. */
  readonly onRestarted: (name: string) => void;
};

type FamilyOptions = FamilyEvents & {
  readonly root: string;
  readonly before?: readonly string[];
  readonly readyMs?: number;
};

export type Launch = {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where its process id is written. */
  readonly pidFile?: string;
};

/** A process that can be started once more: with what arguments, once it has been ready. */
type Running = {
  readonly child: Child;
  readonly startedMs: number;
  readonly deaths: Deaths;
  again: Launch;
};

export class Family {
  readonly #options: FamilyOptions;
  readonly #running = new Map<string, Running>();
  readonly #pauses = new Map<string, NodeJS.Timeout>();
  /** Died before they were kept alive. */
  readonly #dead = new Set<string>();
  #isKeptAlive = false;
  #isClosed = false;

  constructor(options: FamilyOptions) {
    this.#options = options;
  }

  /** From now on what dies unasked is started again. */
  keepAlive(): void {
    this.#isKeptAlive = true;
    for (const name of this.#dead) this.#startAgain(name, this.get(name).again, 1);
    this.#dead.clear();
  }

  /** Starts one and waits until it is ready; `again` turns what it said into its arguments for another time. */
  async start(name: string, launch: Launch, again: (ready: Ready) => Launch = () => launch): Promise<Ready> {
    if (this.#isClosed) throw new ChildFailed(`${name} is not started: the mesh is being ended`);
    const running = this.#spawn(name, launch, 0);
    const ready = await this.#ready(running);
    running.again = again(ready);
    return ready;
  }

  /** Starts one that has ended, or ends it first. */
  async restart(name: string): Promise<void> {
    clearTimeout(this.#pauses.get(name));
    const { child, again } = this.get(name);
    await child.close();
    await this.start(name, again);
  }

  get(name: string): Running {
    const found = this.#running.get(name);
    if (found === undefined) throw new Error(`the mesh has no process ${name}`);
    return found;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const pause of this.#pauses.values()) clearTimeout(pause);
    await Promise.all([...this.#running.values()].reverse().map(({ child }) => child.close()));
  }

  #spawn(name: string, launch: Launch, deaths: Deaths): Running {
    const { root, before = [] } = this.#options;
    const child = new Child({
      name,
      before,
      args: launch.args,
      env: launch.env ?? {},
      cwd: root,
      onExit: (ended, how) => this.#died(name, how, ended.lastWords()),
    });
    const running = { child, startedMs: performance.now(), deaths, again: launch };
    this.#running.set(name, running);
    return running;
  }

  async #ready({ child, again }: Running): Promise<Ready> {
    const ready = await child.ready(this.#options.readyMs ?? READY_MS);
    // For people who look for it; a full disk is no reason to end what runs.
    if (again.pidFile !== undefined) await writeFile(again.pidFile, `${child.pid}\n`).catch(() => {});
    return ready;
  }

  #died(name: string, how: string, lastWords: readonly string[]): void {
    const { onExit } = this.#options;
    if (this.#isClosed || !this.#isKeptAlive) {
      this.#dead.add(name);
      onExit(name, how, undefined, lastWords);
      return;
    }
    const { startedMs, deaths, again } = this.get(name);
    const after = afterDeath(deaths, performance.now() - startedMs);
    onExit(name, how, after.pauseMs, lastWords);
    this.#pauses.set(
      name,
      setTimeout(() => this.#startAgain(name, again, after.deaths), after.pauseMs),
    );
  }

  #startAgain(name: string, launch: Launch, deaths: Deaths): void {
    if (this.#isClosed) return;
    const running = this.#spawn(name, launch, deaths);
    this.#ready(running).then(
      () => this.#options.onRestarted(name),
      () => {}, // its end comes by itself, and one that only takes long is alive
    );
  }
}
