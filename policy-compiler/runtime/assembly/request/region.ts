/**
 * The memory of one request, below the heap's mark: filled by the host before a decision,
 * read by it. What it holds are bytes and cells that an evaluation may only complete
 * (a string's hash), never change.
 *
 * [head bytes, as they go upstream, and 16 more][field table 16 each][context block]
 *
 * Context block: a value word for each of CONTEXT_FIELDS (policy-runtime/src/connection.ts),
 * then the cells and bytes that they point to; the host copies it in whole.
 */
import { ABORT_MEMORY, abort } from "../failure";
import { alloc, allocZeroed } from "../memory";

export const FIELD_BYTES: usize = 16;
export const FIELDS_MAX: i32 = 1024;
/** SIMD reads may go this far past the head's end. */
const READ_AHEAD: usize = 16;

// Order of CONTEXT_FIELDS.
export const CTX_SCHEME: i32 = 0;
export const CTX_PRINCIPAL: i32 = 1;
export const CTX_TRUST_DOMAIN: i32 = 2;
export const CTX_NAMESPACE: i32 = 3;
export const CTX_SERVICE_ACCOUNT: i32 = 4;
export const CTX_SOURCE_ADDRESS: i32 = 5;
export const CTX_SOURCE_PORT: i32 = 6;
export const CTX_DESTINATION_ADDRESS: i32 = 7;
export const CTX_DESTINATION_PORT: i32 = 8;
export const CTX_DESTINATION_PRINCIPAL: i32 = 9;
const CTX_FIELDS: usize = 10;

export let headPtr: usize = 0;
export let headEnd: usize = 0;
export let fieldTable: usize = 0;
let headCapacity: i32 = 0;
let contextPtr: usize = 0;
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
  fieldTable = alloc(FIELD_BYTES * <usize>FIELDS_MAX);
  contextPtr = allocZeroed((<usize>contextBytes) + (CTX_FIELDS << 2));
  return headPtr;
}

export function contextBlock(): usize {
  return contextPtr;
}

export function setDestinationValue(value: usize): void {
  destination = value;
}

/** Says that a new head of `length` bytes lies at the head's address. */
export function setHead(length: i32, id: usize, nowMs: f64): void {
  if (length > headCapacity) abort(ABORT_MEMORY);
  headEnd = headPtr + <usize>length;
  requestId = id;
  requestMs = nowMs;
}

/** A fact of the connection, or undefined (0). */
// @ts-ignore: decorator
@inline
export function contextField(index: i32): usize {
  return <usize>load<u32>(contextPtr + (<usize>index << 2));
}
