/**
 * Asks the network thread and stands still until it answers: policies are evaluated without a break.
 * The thread is started by the first question and keeps no process alive.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { NetworkMessage, NetworkOutcome, NetworkTask } from "./network-thread.ts";

/** Nothing keeps an evaluation longer, whatever its own limit says. */
const WAIT_MS_MAX = 600_000;
/** What the thread takes to start and to give its answer, beyond what the task may take. */
const SLACK_MS = 5000;

export type AskNetwork = (task: NetworkTask, longestMs: number) => NetworkOutcome;

export function makeNetwork(): AskNetwork {
  let worker: Worker | undefined;
  return (task, longestMs) => {
    if (worker === undefined) {
      worker = new Worker(new URL("./network-thread.ts", import.meta.url));
      worker.unref();
    }
    const done = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ task, port: port2, done } satisfies NetworkMessage, [port2]);
    Atomics.wait(done, 0, 0, Math.min(longestMs, WAIT_MS_MAX) + SLACK_MS);
    const received = receiveMessageOnPort(port1) as { readonly message: NetworkOutcome } | undefined;
    port1.close();
    if (received !== undefined) return received.message;
    void worker.terminate();
    worker = undefined;
    return { kind: "failure", message: "the network thread gave no answer", isNetwork: true, isTimeout: true };
  };
}
