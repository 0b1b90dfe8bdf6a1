/**
 * Calls of gRPC by their method: how many ended with which status, and how long they took. Clients choose the
 * names, so that only methods that an application has answered get a row, up to a bound; the rest share one.
 */
import { GrpcStatus } from "../grpc/status.ts";
import { BUCKETS, bucketOf } from "./histogram.ts";

export const GRPC_STATUSES = Object.keys(GrpcStatus).length;
const WIDTH = GRPC_STATUSES + BUCKETS;
const ROWS_MAX = 256;
/** `/package.Service/Method`; a longer one shares the row of the rest. */
const PATH_LENGTH_MAX = 200;
/** The row of the rest. */
const OTHER = "";

export type GrpcCalls = {
  readonly direction: "inbound" | "outbound";
  /** `/package.Service/Method`; "" for those that are not told apart. */
  readonly method: string;
  /** By status, then the histogram of durations. */
  readonly counts: Float64Array;
};

export class GrpcCallTable {
  readonly #rows = new Map<string, GrpcCalls>();

  /** `isAnswered`: an application that has such a method ended it. */
  count(
    direction: GrpcCalls["direction"],
    path: string,
    isAnswered: boolean,
    status: number,
    durationMs: number,
  ): void {
    const { counts } = this.#row(direction, path, isAnswered);
    const column = status >= 0 && status < GRPC_STATUSES ? status : GrpcStatus.unknown;
    counts[column] = (counts[column] as number) + 1;
    const bucket = GRPC_STATUSES + bucketOf(durationMs);
    counts[bucket] = (counts[bucket] as number) + 1;
  }

  #row(direction: GrpcCalls["direction"], path: string, isAnswered: boolean): GrpcCalls {
    const known = this.#rows.get(`${direction} ${path}`);
    if (known !== undefined) return known;
    const isTold = isAnswered && path.length <= PATH_LENGTH_MAX && this.#rows.size < ROWS_MAX;
    if (!isTold && path !== OTHER) return this.#row(direction, OTHER, false);
    const row = { direction, method: path, counts: new Float64Array(WIDTH) };
    this.#rows.set(`${direction} ${path}`, row);
    return row;
  }

  read(): readonly GrpcCalls[] {
    return [...this.#rows.values()].map((row) => ({ ...row, counts: row.counts.slice() }));
  }
}

/** The sum over threads. */
export function sumGrpcCalls(tables: readonly (readonly GrpcCalls[])[]): readonly GrpcCalls[] {
  const sums = new Map<string, GrpcCalls>();
  for (const { direction, method, counts } of tables.flat()) {
    const key = `${direction} ${method}`;
    const sum = sums.get(key) ?? { direction, method, counts: new Float64Array(WIDTH) };
    sums.set(key, sum);
    for (let i = 0; i < WIDTH; i++) sum.counts[i] = (sum.counts[i] as number) + (counts[i] as number);
  }
  return [...sums.values()];
}
