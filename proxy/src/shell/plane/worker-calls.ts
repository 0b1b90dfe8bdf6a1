/** What the main thread and a worker say to each other: calls of a data plane, their results, and log lines. */
import type { Facts, LogFormat, LogLevel } from "@regomesh/base";
import type { DataPlane, DataPlaneOptions } from "./data-plane.ts";
import type { SocketOptions } from "./make-thread.ts";

export type WorkerStart = {
  readonly options: DataPlaneOptions;
  readonly shared: SharedArrayBuffer;
  readonly accessLog: string | undefined;
  readonly logFormat: LogFormat | undefined;
  readonly sockets: Omit<SocketOptions, "afterRead"> | undefined;
};

/** The data plane's methods; arguments and results are copied from thread to thread. */
export type PlaneMethod = keyof DataPlane;

export type Call = { readonly id: number; readonly method: PlaneMethod; readonly args: readonly unknown[] };

export type FromWorker =
  | { readonly kind: "ready" }
  /** What the disk says of the access log; undefined where all is well with it. */
  | { readonly kind: "trouble"; readonly trouble: string | undefined }
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number; readonly message: string }
  | { readonly kind: "log"; readonly level: LogLevel; readonly message: string; readonly facts: Facts | undefined };
