/**
 * Loading the code fills the part of the heap where objects are young, and V8 makes it larger for
 * that: an idle thread would keep a quarter of its memory for objects that it never makes again.
 * What the C library's heap has of whole free pages by then, it keeps by itself: of an installed
 * sidecar 1.3 of 21 MiB. It takes some 25 ms in which nobody is served: a worker calls it before
 * anybody is, the command once its first snapshot is in force, as what that has left goes, too.
 */

/** Gives back what the start of this thread has left; does nothing where Node does not say how (`--expose-gc`). */
export function giveBackStart(): void {
  globalThis.gc?.({ execution: "sync", type: "major", flavor: "last-resort" });
  trimHeap();
}

/** glibc's malloc_trim(3), of all threads' heaps; does nothing where there is none, or no node:ffi. */
function trimHeap(): void {
  if (process.platform !== "linux") return;
  try {
    const { dlopen } = process.getBuiltinModule("node:ffi");
    // Of the process itself: it is never closed.
    const { functions } = dlopen("libc.so.6", { malloc_trim: { arguments: ["u64"], return: "i32" } });
    (functions.malloc_trim as unknown as (keptBytes: bigint) => number)(0n);
  } catch {
    // Another C library keeps what it likes.
  }
}
