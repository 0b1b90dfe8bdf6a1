/**
 * Linear memory as a bump heap.
 *
 * [statics][policy atoms][runtime state][sealed data][heap of one evaluation →]
 *
 * `heapBase` is the mark: what lies below belongs to the module (statics, constants,
 * sealed data) and is never changed by an evaluation; what lies above is dropped by
 * setting `heapPtr` back. Nothing is freed singly.
 */
import { abort, ABORT_MEMORY } from "./failure";

/** First free byte. */
export let heapPtr: usize = 0;
/** The mark of the sealed part. */
export let heapBase: usize = 0;
/** Bytes that the memory may grow to. */
let memoryBytesMax: usize = 64 * 1024 * 1024;
let memoryEnd: usize = 0;
/** A larger memory grows by a sixteenth: most of it is data, which stays as it is. */
const DOUBLED_BELOW: usize = 8 * 1024 * 1024;

export function startHeap(at: usize): void {
  heapPtr = align8(at);
  heapBase = heapPtr;
  memoryEnd = (<usize>memory.size()) << 16;
}

/** Everything allocated so far stays. */
export function sealHeap(): void {
  heapBase = heapPtr;
}

export function resetHeap(): void {
  heapPtr = heapBase;
}

// @ts-ignore: decorator
@inline
export function align8(at: usize): usize {
  return (at + 7) & ~7;
}

/** `size` bytes at a multiple of 8; not zeroed. Aborts where the limit is reached. */
// @ts-ignore: decorator
@inline
export function alloc(size: usize): usize {
  const at = heapPtr;
  const next = at + ((size + 7) & ~7);
  if (next > memoryEnd || next < at) growTo(next, at);
  heapPtr = next;
  return at;
}

function growTo(next: usize, at: usize): void {
  memoryEnd = (<usize>memory.size()) << 16; // the host may have grown it
  if (next < at) abort(ABORT_MEMORY);
  if (next <= memoryEnd) return;
  if (next > memoryBytesMax) abort(ABORT_MEMORY);
  let wanted = next;
  const roomy = memoryEnd + (memoryEnd < DOUBLED_BELOW ? memoryEnd : memoryEnd >> 4);
  if (roomy > wanted && roomy <= memoryBytesMax) wanted = roomy;
  const pages = <i32>((wanted - memoryEnd + 0xffff) >>> 16);
  if (memory.grow(pages) < 0) abort(ABORT_MEMORY);
  memoryEnd = (<usize>memory.size()) << 16;
}

/** A zeroed block. */
export function allocZeroed(size: usize): usize {
  const at = alloc(size);
  memory.fill(at, 0, size);
  return at;
}

export function setHeapPtr(at: usize): void {
  heapPtr = align8(at);
  memoryEnd = (<usize>memory.size()) << 16;
}

export function setMemoryMax(bytes: usize): void {
  memoryBytesMax = bytes;
}

/** So many bytes more are less than half of what the memory may have. */
export function isRoomy(bytes: usize): bool {
  return heapPtr + bytes < memoryBytesMax >> 1;
}

/** Bytes that may be taken in advance of need, of which so many are taken: a quarter of the memory, and half of what data leaves. */
export function roomOf(taken: usize): usize {
  const share = memoryBytesMax >> 2;
  const most = heapBase + ((memoryBytesMax - heapBase) >> 1);
  if (taken >= share || heapPtr >= most) return 0;
  return min(share - taken, most - heapPtr);
}

export function isBelowMark(at: usize): bool {
  return at < heapBase;
}
