/** A thread that takes one token of each key as soon as its number comes up, and counts what it was given. */
import { workerData } from "node:worker_threads";
import { hashLimitKey, openBucketTable, takeTokens } from "../limit/token-bucket.ts";

const { memory, turns, granted } = workerData as {
  readonly memory: SharedArrayBuffer;
  readonly turns: SharedArrayBuffer;
  readonly granted: SharedArrayBuffer;
};
const table = openBucketTable(memory);
const turn = new Int32Array(turns);
const counts = new Int32Array(granted);
const limit = { limit: 1, windowMs: 3_600_000, burst: 1, cost: 1 };

for (let key = 0; key < counts.length; key++) {
  const hash = hashLimitKey(table, "s", `user-${key}`, limit.limit, limit.windowMs);
  // Both threads are here before either goes on, so that they meet at the empty slot.
  Atomics.add(turn, 0, 1);
  while (Atomics.load(turn, 0) < 2 * (key + 1));
  if (takeTokens(table, hash, limit, 1_000) === 0) Atomics.add(counts, key, 1);
}
