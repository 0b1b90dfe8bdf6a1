/** What load is: asked for in one shape, whoever makes it, and told in one. */
import type { Tools } from "../peers/tools.ts";

export type Load = {
  readonly client: "http1" | "http2" | "grpc";
  readonly folder: string;
  readonly core: number;
  readonly port: number;
  readonly target: string;
  readonly host: string;
  readonly seconds: number;
  /** Of wrk; as many as it has by itself where absent. */
  readonly connections?: number;
  /** Requests a second of all connections together; undefined: as fast as it goes. */
  readonly perSecond?: number;
  /** Each request on a connection of its own. HTTP/1.1 alone. */
  readonly isChurn?: boolean;
};
export type LoadResult = {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** Answers that were not 2xx or 3xx, and socket errors. */
  readonly errors: number;
};
export type RunLoad = (tools: Tools, load: Load) => Promise<LoadResult>;

/** Seven fields, as in the measurements that the floors come from. */
export const FIELDS: Readonly<Record<string, string>> = {
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
  Accept: "application/json",
  "Accept-Encoding": "gzip, deflate",
  /** bob, whom the policy knows (policy.ts). */
  Authorization: "Basic Ym9iOmNvcnJlY3QtaG9yc2UtYmF0dGVyeS1zdGFwbGUtYW5kLWEtbGl0dGxlLW1vcmU=",
  "X-Tenant": "tenant-0042",
  Cookie: "session=0123456789abcdef; theme=dark",
};

/** That a program of load has beyond the load's own time, for connecting and for the last answers. */
export const GRACE_SECONDS = 30;
