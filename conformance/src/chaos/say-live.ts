/**
 * Loaded into each process of a chaotic mesh (NODE_OPTIONS): every few seconds it collects all
 * garbage and writes down the bytes that live, in the heap and beside it, in a file of the
 * process's id. What the system calls resident is that, and how far V8 let the garbage grow.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { getHeapSpaceStatistics } from "node:v8";
import { isMainThread } from "node:worker_threads";
import { LIVE_FOLDER, SAY_EVERY_MS } from "./live-memory.ts";

const folder = process.env[LIVE_FOLDER];

if (folder !== undefined && isMainThread) setInterval(() => say(folder), SAY_EVERY_MS).unref();

function say(into: string): void {
  gc?.();
  // What lies beside the heap is given back after a collection.
  gc?.();
  const { heapUsed, external } = process.memoryUsage();
  appendFileSync(join(into, String(process.pid)), `${heapUsed - codeBytes() + external}\n`);
}

/** Compiled code comes with use and goes with disuse, megabytes of it: it says nothing of what is kept. */
function codeBytes(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => /^(code|trusted)_/.test(name));
  return spaces.reduce((sum, { space_used_size: bytes }) => sum + bytes, 0);
}
