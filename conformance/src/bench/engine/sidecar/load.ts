/** Load from a thread of its own, which is the application, too. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";

export type LoadAsk = {
  readonly port: number;
  /** Undefined: as fast as it goes. */
  readonly perSecond: number | undefined;
  readonly ms: number;
};

export type LoadAnswer =
  | { readonly kind: "application"; readonly port: number }
  | { readonly kind: "load"; readonly waitsMs: readonly number[] }
  | { readonly kind: "failed"; readonly message: string };

export type LoadThread = {
  /** Where the application listens. */
  readonly application: number;
  /** How long each request waited for its answer, in milliseconds. Rejects where one was not `200`. */
  load(ask: LoadAsk): Promise<readonly number[]>;
  [Symbol.asyncDispose](): Promise<void>;
};

export async function openLoad(): Promise<LoadThread> {
  const worker = new Worker(new URL("./load-thread.ts", import.meta.url));
  const next = async (): Promise<LoadAnswer> => {
    const [answer] = (await once(worker, "message")) as [LoadAnswer];
    return answer;
  };
  const begun = await next();
  return {
    application: begun.kind === "application" ? begun.port : 0,
    load: async (ask) => {
      const answered = next();
      worker.postMessage(ask);
      const answer = await answered;
      if (answer.kind === "load") return answer.waitsMs;
      throw new Error(answer.kind === "failed" ? answer.message : "the load is lost");
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}
