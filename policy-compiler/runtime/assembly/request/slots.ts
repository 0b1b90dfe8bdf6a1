/**
 * Input by slots. The compiler gives each constant path that a policy reads below `input`
 * a slot; what reads it is `slotGet`. On the fast path `input` is LAZY_INPUT, a cell that
 * stands for the request: slots are read off the head, once a generation, and the document is
 * built (`needInput`) only where a policy uses `input` in another way.
 *
 * Slot, 16 bytes: {kind, address of the constant that holds the path (an array of keys), generation, value}.
 */
import { arrayGet, arrayLen } from "../value/array";
import { memoGeneration } from "../policy";
import { getAtom } from "../policy-calls";
import { OBJECT } from "../value/value";
import { documentValue, httpValue, protocolValue, sourceValue } from "./document";
import { authorityValue, fieldValue, headersValue, methodValue, targetValue } from "./fields";
import { readRequestLine, resetHead } from "./head";
import { CTX_SCHEME, contextField, destination, requestId } from "./region";
import { parsedPathValue, parsedQueryValue, resetTarget } from "./target";
import { requestTimeValue } from "./time";

// Kinds, as policy-compiler/src/optimize/input-slots.ts numbers them.
const METHOD: u32 = 1;
const TARGET: u32 = 2;
const AUTHORITY: u32 = 3;
const SCHEME: u32 = 4;
const PROTOCOL: u32 = 5;
const REQUEST_ID: u32 = 6;
const HEADERS: u32 = 7;
/** The last key of the path is the field's name. */
const FIELD: u32 = 8;
const PARSED_PATH: u32 = 9;
const PARSED_QUERY: u32 = 10;
const HTTP: u32 = 11;
const SOURCE: u32 = 12;
/** The keys behind the first lead on below `destination`. */
const DESTINATION: u32 = 13;
const TIME: u32 = 14;
/** CONTEXT + n is field n of the connection's context. */
const CONTEXT: u32 = 32;

const lazyCell = memory.data(24);
/** The request, as a value that is not built yet. */
export const LAZY_INPUT: usize = lazyCell;

let isBuilt: bool = false;
let slotTable: usize = 0;
let slotCount: i32 = 0;

export function linkSlots(table: usize, count: i32): void {
  slotTable = table;
  slotCount = count;
}

/** For the day when generations begin again. */
export function clearSlots(): void {
  for (let i = 0; i < slotCount; i++) store<u32>(slotTable + (<usize>i << 4), 0, 8);
}

/** Begins a request whose head the host has written. */
export function beginRequest(): void {
  resetHead();
  resetTarget();
  forgetDocument();
}

/** The document is built anew: it may be half made. The caller begins a new generation. */
export function forgetDocument(): void {
  isBuilt = false;
  store<u32>(lazyCell, OBJECT);
  memory.fill(lazyCell + 4, 0, 20);
}

/**
 * The value at the slot's path below `input`, or undefined (0); kept for the generation, in
 * which input is one value. Emitted code looks at what is kept itself, and calls this else.
 */
export function slotGet(input: usize, at: usize): usize {
  const value = input == lazyCell ? read(load<u32>(at), pathOf(at)) : walk(input, pathOf(at), 0);
  store<u32>(at, <u32>value, 12);
  store<u32>(at, memoGeneration, 8);
  return value;
}

// @ts-ignore: decorator
@inline
function pathOf(slot: usize): usize {
  return <usize>load<u32>(<usize>load<u32>(slot, 4));
}

/** Makes `input` a value like any other; must come before it is used as one. */
export function needInput(input: usize): void {
  if (input != lazyCell || isBuilt) return;
  memory.copy(lazyCell, documentValue(), 24);
  isBuilt = true;
}

function walk(value: usize, path: usize, from: i32): usize {
  const length = arrayLen(path);
  for (let i = from; i < length && value != 0; i++) value = getAtom(value, arrayGet(path, i));
  return value;
}

function read(kind: u32, path: usize): usize {
  if (kind >= CONTEXT) return contextField(<i32>(kind - CONTEXT));
  switch (kind) {
    case METHOD:
      return methodValue();
    case TARGET:
      return targetValue();
    case AUTHORITY:
      return authorityValue();
    case SCHEME:
      return contextField(CTX_SCHEME);
    case PROTOCOL:
      readRequestLine();
      return protocolValue();
    case REQUEST_ID:
      return requestId;
    case HEADERS:
      return headersValue();
    case FIELD:
      return fieldValue(arrayGet(path, arrayLen(path) - 1));
    case PARSED_PATH:
      return parsedPathValue();
    case PARSED_QUERY:
      return parsedQueryValue();
    case HTTP:
      return httpValue();
    case SOURCE:
      return sourceValue();
    case DESTINATION:
      return walk(destination, path, 1);
    case TIME:
      return requestTimeValue();
  }
  needInput(lazyCell);
  return walk(lazyCell, path, 0);
}
