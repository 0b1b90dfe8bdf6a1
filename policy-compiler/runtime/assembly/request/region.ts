/**
 * The memory of one request, below the heap's mark: filled by the host before a decision,
 * read by it. What it holds are bytes and cells that an evaluation may only complete
 * (a string's hash), never change.
 *
 * [head bytes, as they go upstream, and 16 more][head table][context block]
 *
 * Context block: a value word for each of CONTEXT_FIELDS (policy-runtime/src/connection.ts),
 * then the cells and bytes that they point to; the host copies it in whole.
 */
import { ABORT_MEMORY, abort } from "../failure";
import { CONTEXT_FIELDS, FIELDS_MAX, HEAD_SIZE, ROW_SIZE } from "../layout";
import { alloc, allocZeroed } from "../memory";

/** SIMD reads may go this far past the head's end. */
const READ_AHEAD: usize = 16;

export let headPtr: usize = 0;
/** The head's spans, as head.ts reads them. */
export let headTable: usize = 0;
let headCapacity: i32 = 0;
/** Holds the address of the context block that counts: the host may keep several where there is room. */
export const contextWord: usize = memory.data(4);
let contextCapacity: i32 = 0;
/** `input.destination`, sealed; 0 where the host gave none. */
export let destination: usize = 0;
/** Value of `attributes.request.http.id`, a string, or 0. */
export let requestId: usize = 0;
/** Milliseconds since the epoch at which the request is decided. */
export let requestMs: f64 = 0;

/** Makes room for a head and a context; once, before the heap is sealed. Gives the head's address. */
export function openRegion(headBytes: i32, contextBytes: i32): usize {
  headCapacity = headBytes;
  contextCapacity = contextBytes;
  headPtr = alloc(<usize>headBytes + READ_AHEAD);
  headTable = allocZeroed(HEAD_SIZE + ROW_SIZE * FIELDS_MAX);
  const context = alloc((<usize>contextBytes) + (CONTEXT_FIELDS << 2));
  memory.fill(context, 0, CONTEXT_FIELDS << 2);
  store<u32>(contextWord, <u32>context);
  return headPtr;
}

export function contextBlock(): usize {
  return <usize>load<u32>(contextWord);
}

export function setDestinationValue(value: usize): void {
  destination = value;
}

/** Says that a new head of `length` bytes lies at the head's address, and its table in its place. */
export function setHead(length: i32, id: usize, nowMs: f64): void {
  if (length > headCapacity) abort(ABORT_MEMORY);
  requestId = id;
  requestMs = nowMs;
}

/** A fact of the connection, or undefined (0). */
// @ts-ignore: decorator
@inline
export function contextField(index: i32): usize {
  return <usize>load<u32>(<usize>load<u32>(contextWord) + (<usize>index << 2));
}

/** Another cell for the same fact: the atom that it equals. */
export function setContextField(index: i32, value: usize): void {
  store<u32>(<usize>load<u32>(contextWord) + (<usize>index << 2), <u32>value);
}
