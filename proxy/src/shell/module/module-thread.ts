/**
 * A thread on which modules are compiled and opened, so that no request waits for it, and asked until what they
 * do often is compiled as well as it will be: the engine's code of a module is one for all threads.
 *
 * Opening is what a revision waits for, and goes at the process's own priority; what comes after it waits for
 * everybody else. A thread cannot get its priority back, so whoever asks later gets another thread, and on a machine
 * that is busy is not behind the warming of the revision before.
 */
import { Worker } from "node:worker_threads";
import type { NackReason } from "@regomesh/protocol";
import type { ModuleAnswer, ModuleAsk, WarmAsk } from "./module-calls.ts";

/** The thread itself has failed, which says nothing of the module. */
export class ModuleThreadFailed extends Error {
  override readonly name = "ModuleThreadFailed";
}

/** The module cannot serve. */
export class ModuleRefused extends Error {
  override readonly name = "ModuleRefused";
  readonly code: NackReason;

  constructor(code: NackReason, message: string) {
    super(message);
    this.code = code;
  }
}

export type ThreadOpened = Pick<Extract<ModuleAnswer, { kind: "opened" }>, "wasm" | "image" | "isSlow">;

/** That warm at a time, 5 MB each: what an earlier one has opened is no longer in force by then. */
const WARMING_MAX = 2;

type Pending = { readonly done: (opened: ThreadOpened) => void; readonly fail: (error: Error) => void };

export class ModuleThread {
  #worker: Worker | undefined = undefined;
  readonly #warming: Worker[] = [];
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  /** Rejects with ModuleRefused, or ModuleThreadFailed. */
  open(ask: Omit<ModuleAsk, "id">): Promise<ThreadOpened> {
    const id = this.#nextId++;
    return new Promise((done, fail) => {
      this.#pending.set(id, { done, fail });
      try {
        this.#worker ??= this.#start();
        this.#worker.postMessage({ ...ask, id } satisfies ModuleAsk);
      } catch (error) {
        this.#end(error as Error);
      }
    });
  }

  async close(): Promise<void> {
    const workers = [...this.#warming.splice(0), ...(this.#worker === undefined ? [] : [this.#worker])];
    this.#end(new Error("the proxy ends"));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #start(): Worker {
    const worker = new Worker(new URL("./module-thread-main.ts", import.meta.url));
    worker.unref();
    worker.on("message", (answer: ModuleAnswer) => this.#settle(answer));
    worker.on("error", (error) => this.#end(error as Error, worker));
    worker.on("exit", (code) => this.#end(new Error(`the thread ended with code ${code}`), worker));
    return worker;
  }

  #settle(answer: ModuleAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (answer.kind === "opened") pending?.done(answer);
    else pending?.fail(new ModuleRefused(answer.code, answer.message));
    // What a revision asks for is asked in one turn; a later ask starts another.
    if (this.#pending.size === 0) this.#warm();
  }

  #warm(): void {
    const worker = this.#worker;
    if (worker === undefined) return; // closed meanwhile
    this.#worker = undefined;
    this.#warming.push(worker);
    if (this.#warming.length > WARMING_MAX) void this.#warming.shift()?.terminate();
    worker.postMessage({ kind: "warm" } satisfies WarmAsk);
  }

  /** Whoever waits is told, once. */
  #end(error: Error, worker = this.#worker): void {
    const warming = worker === undefined ? -1 : this.#warming.indexOf(worker);
    if (warming >= 0) this.#warming.splice(warming, 1);
    if (worker !== this.#worker) return; // of one that nobody waits for
    this.#worker = undefined;
    void worker?.terminate();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { fail } of waiting) fail(new ModuleThreadFailed(error.message, { cause: error }));
  }
}
