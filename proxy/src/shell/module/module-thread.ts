/**
 * A thread on which modules are compiled and opened, so that no request waits for it, and asked until what they
 * do often is compiled as well as it will be: the engine's code of a module is one for all threads.
 * It lives while there is something to do, and a little longer: commits come in rows.
 */
import { Worker } from "node:worker_threads";
import type { NackReason } from "@regomesh/protocol";
import type { ModuleAnswer, ModuleAsk } from "./module-calls.ts";

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

/** A thread takes some 30 ms to start, and 5 MB while it is there. */
const LINGER_MS = 2000;

type Pending = { readonly done: (opened: ThreadOpened) => void; readonly fail: (error: Error) => void };

export class ModuleThread {
  #worker: Worker | undefined = undefined;
  /** Asked, and not warm yet. */
  readonly #busy = new Set<number>();
  readonly #pending = new Map<number, Pending>();
  #ending: NodeJS.Timeout | undefined = undefined;
  #nextId = 1;

  /** Rejects with ModuleRefused, or ModuleThreadFailed. */
  open(ask: Omit<ModuleAsk, "id">): Promise<ThreadOpened> {
    clearTimeout(this.#ending);
    const id = this.#nextId++;
    return new Promise((done, fail) => {
      this.#pending.set(id, { done, fail });
      this.#busy.add(id);
      try {
        this.#worker ??= this.#start();
        this.#worker.postMessage({ ...ask, id } satisfies ModuleAsk);
      } catch (error) {
        this.#end(error as Error);
      }
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#ending);
    const worker = this.#worker;
    this.#end(new Error("the proxy ends"));
    await worker?.terminate();
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
    else {
      if (answer.kind === "refused") pending?.fail(new ModuleRefused(answer.code, answer.message));
      this.#busy.delete(answer.id);
      if (this.#busy.size === 0) this.#endLater();
    }
  }

  #endLater(): void {
    this.#ending = setTimeout(() => {
      const worker = this.#worker;
      this.#worker = undefined;
      void worker?.terminate();
    }, LINGER_MS).unref();
  }

  /** Whoever waits is told, once. */
  #end(error: Error, worker = this.#worker): void {
    if (worker !== this.#worker) return; // of one that was ended on purpose
    this.#worker = undefined;
    this.#busy.clear();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { fail } of waiting) fail(new ModuleThreadFailed(error.message, { cause: error }));
  }
}
