/**
 * Loading the code fills the part of the heap where objects are young, and V8 makes it larger for
 * that: an idle thread would keep a quarter of its memory for objects that it never makes again.
 * Called before anybody is served, as it takes some 25 ms in which nobody is.
 */

/** Gives back what the start of this thread has left; does nothing where Node does not say how (`--expose-gc`). */
export function giveBackStart(): void {
  globalThis.gc?.({ execution: "sync", type: "major", flavor: "last-resort" });
}
