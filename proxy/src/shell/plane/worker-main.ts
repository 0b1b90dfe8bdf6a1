/** One worker thread: a data plane of its own, driven by the main thread's calls. */
import { parentPort, workerData } from "node:worker_threads";
import { AccessLog } from "../admin/access-log.ts";
import { giveBackStart } from "./give-back.ts";
import { makeThread } from "./make-thread.ts";
import { ThreadPlane } from "./thread-plane.ts";
import type { Call, FromWorker, WorkerStart } from "./worker-calls.ts";

const port = parentPort;
if (port === null) throw new Error("worker-main runs in a worker thread");
const tell = (message: FromWorker): void => port.postMessage(message);

giveBackStart();
const { options, shared, accessLog, logFormat, sockets } = workerData as WorkerStart;
const thread = makeThread({
  shared,
  sockets,
  log: { log: (level, message, facts) => tell({ kind: "log", level, message, facts }) },
  accessLog:
    accessLog === undefined
      ? undefined
      : await AccessLog.open(accessLog, (trouble) => tell({ kind: "trouble", trouble }), logFormat),
});
const plane = new ThreadPlane(thread, options);

port.on("message", ({ id, method, args }: Call) => {
  const call = plane[method] as (...args: readonly unknown[]) => Promise<unknown>;
  call.apply(plane, [...args]).then(
    (value) => tell({ kind: "result", id, value }),
    (error: unknown) => tell({ kind: "error", id, message: (error as Error).message }),
  );
});
tell({ kind: "ready" });
