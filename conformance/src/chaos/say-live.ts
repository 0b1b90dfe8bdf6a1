/**
 * Loaded into each process of a chaotic mesh (NODE_OPTIONS): every few seconds it collects all
 * garbage and writes down the bytes that live, in the heap and beside it, and those that are
 * resident now, in a file of the process's id. Without the collection what is resident is also
 * how far V8 let the garbage grow: tens of megabytes up and down, behind which no leak is seen.
 *
 * The same holds beside V8's heap: glibc gives back what is free at the end of its arena alone, and
 * one small block that lives there holds all that is free before it. Measured: of 35 MB of an arena
 * 19 MB were free, more from one burst to the next, where what was in use stayed the same. So it is
 * asked to give back every page in which nothing lives (malloc_trim), as V8 is asked to collect.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { getHeapSpaceStatistics } from "node:v8";
import { isMainThread } from "node:worker_threads";
import { LIVE_FOLDER, SAY_EVERY_MS } from "./live-memory.ts";

const GIVEN_BACK_MS = 500;

const folder = process.env[LIVE_FOLDER];
const trim = findTrim();

if (folder !== undefined && isMainThread) setInterval(() => say(folder), SAY_EVERY_MS).unref();

function say(into: string): void {
  // The most thorough there is: regular ones leave half empty pages as they are.
  gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  // What lies beside the heap is given back after a collection.
  gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const live = heapUsed - codeBytes() + external;
  // Pages, and buffers beside the heap, go back to the system by threads of their own.
  setTimeout(() => {
    trim?.(0n);
    appendFileSync(join(into, String(process.pid)), `${live} ${residentBytes()}\n`);
  }, GIVEN_BACK_MS).unref();
}

/** Undefined where this Node calls no native function, or there is no glibc. */
function findTrim(): ((padBytes: bigint) => number) | undefined {
  try {
    const { dlopen } = process.getBuiltinModule("node:ffi");
    return dlopen("libc.so.6", { malloc_trim: { arguments: ["u64"], return: "i32" } }).functions.malloc_trim;
  } catch {
    return undefined;
  }
}

/** As Linux counts it: of all mappings, with what is shared. */
function residentBytes(): number {
  const [, kibibytes] = /^Rss:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/smaps_rollup", "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}

/** Compiled code comes with use and goes with disuse, megabytes of it: it says nothing of what is kept. */
function codeBytes(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => /^(code|trusted)_/.test(name));
  return spaces.reduce((sum, { space_used_size: bytes }) => sum + bytes, 0);
}
