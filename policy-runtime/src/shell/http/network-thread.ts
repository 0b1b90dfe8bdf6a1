/** The thread that waits for networks, so that an evaluation, which cannot wait, may stand still meanwhile. */
import { lookup } from "node:dns/promises";
import type { MessagePort } from "node:worker_threads";
import { parentPort } from "node:worker_threads";
import { ExchangeError, exchange } from "./exchange.ts";
import type { HttpRequest } from "./request.ts";

export type NetworkTask =
  | { readonly kind: "http"; readonly request: HttpRequest }
  | { readonly kind: "lookup"; readonly name: string };

export type NetworkOutcome =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "failure"; readonly message: string; readonly isNetwork: boolean; readonly isTimeout: boolean };

export type NetworkMessage = { readonly task: NetworkTask; readonly port: MessagePort; readonly done: Int32Array };

parentPort?.on("message", ({ task, port, done }: NetworkMessage) => {
  void settle(task).then((outcome) => {
    port.postMessage(outcome);
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  });
});

async function settle(task: NetworkTask): Promise<NetworkOutcome> {
  try {
    return { kind: "value", value: await run(task) };
  } catch (error) {
    const isNetwork = error instanceof ExchangeError;
    return { kind: "failure", message: (error as Error).message, isNetwork, isTimeout: isNetwork && error.isTimeout };
  }
}

async function run(task: NetworkTask): Promise<unknown> {
  if (task.kind === "http") return await exchange(task.request);
  const found = await lookup(task.name, { all: true });
  return found.map(({ address }) => address);
}
