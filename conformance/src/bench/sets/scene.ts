/**
 * What is measured side by side. Proxies share one core (two where there are two workers), load
 * and upstream have the other. Each proxy adds the same fields; the first candidate is the yardstick.
 */
import type { TlsFiles } from "../peers/hop.ts";
import type { Upstream } from "../peers/nginx.ts";
import type { Tools } from "../peers/tools.ts";

/** `port`: where clients ask; `pids`: processes whose CPU and memory are the candidate's. */
export type Contender = {
  readonly name: string;
  readonly pids: readonly number[];
  readonly port: number;
  /** What a client shows where the port takes mutual TLS. */
  readonly tls?: TlsFiles;
  /** Of a chain: its second sidecar alone. */
  readonly receiver?: Contender;
};

/** Where a scene is built: everything opened is put on the stack, which closes it. */
export type Stage = {
  readonly tools: Tools;
  readonly folder: string;
  readonly stack: AsyncDisposableStack;
  readonly upstream: Upstream;
};

export const PROXY_CORE = "0";
export const LOAD_CORE = 1;
export const BOTH_CORES = "0,1";
