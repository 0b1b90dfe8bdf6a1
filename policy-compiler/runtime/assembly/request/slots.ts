/**
 * Input by slots. The compiler gives each constant path that a policy reads below `input`
 * a slot; what reads it is `slotGet`. On the fast path `input` is LAZY_INPUT, a cell that
 * stands for the request: slots are read off the head, once a generation, and the document is
 * built (`needInput`) only where a policy uses `input` in another way.
 */
import { heapBase } from "../memory";
import { arrayGet, arrayLen, arraySet } from "../value/array";
import { internAtom } from "../value/atoms";
import {
  CONTEXT_FIELDS, CTX_SCHEME, READER_ATOMS, READER_AUTHORITY, READER_CONTEXT, READER_DESTINATION, READER_FIELD, READER_HEADERS, READER_HTTP,
  READER_KNOWN_FIELD, READER_METHOD, READER_PARSED_PATH, READER_PARSED_QUERY, READER_PROTOCOL, READER_REQUEST_ID,
  READER_SCHEME, READER_SOURCE, READER_TARGET, READER_TIME, SLOT_GENERATION, SLOT_KIND, SLOT_PATH, SLOT_SIZE, SLOT_VALUE,
} from "../layout";
import { memoGeneration } from "../generation";
import { getAtom } from "../policy-calls";
import { ARRAY, OBJECT, STRING } from "../value/value";
import { documentValue, httpValue, protocolValue, sourceValue } from "./document";
import { authorityValue, fieldValue, headersValue, knownFieldValue, methodValue, targetValue } from "./fields";
import { contextField, destination, requestId, setContextField } from "./region";
import { parsedPathValue, parsedQueryValue, resetTarget } from "./target";
import { requestTimeValue } from "./time";

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
  for (let i = 0; i < slotCount; i++) store<u32>(slotTable + <usize>i * SLOT_SIZE, 0, SLOT_GENERATION);
}

/** Begins a request whose head the host has written. */
export function beginRequest(): void {
  resetTarget();
  forgetDocument();
}

/** The document is built anew: it may be half made. The caller begins a new generation. */
export function forgetDocument(): void {
  isBuilt = false;
  store<u32>(lazyCell, OBJECT);
  store<u32>(lazyCell, 0, 4);
  store<u64>(lazyCell, 0, 8);
  store<u64>(lazyCell, 0, 16);
}

/**
 * The value at the slot's path below `input`, or undefined (0); kept for the generation, in
 * which input is one value. Emitted code looks at what is kept itself, and calls this else, or that of
 * the functions below which reads this slot alone: a module then carries what its own slots need.
 */
export function slotGet(input: usize, at: usize): usize {
  if (input != lazyCell) return slotWalk(input, at);
  const reader = load<u32>(at, SLOT_KIND) & ~READER_ATOMS;
  return reader - READER_CONTEXT < <u32>CONTEXT_FIELDS ? slotContext(input, at) : keep(at, read(reader, pathOf(at)));
}

export function slotMethod(input: usize, at: usize): usize {
  return input == lazyCell ? keep(at, methodValue()) : slotWalk(input, at);
}

export function slotTarget(input: usize, at: usize): usize {
  return input == lazyCell ? keep(at, targetValue()) : slotWalk(input, at);
}

export function slotAuthority(input: usize, at: usize): usize {
  return input == lazyCell ? keep(at, authorityValue()) : slotWalk(input, at);
}

export function slotField(input: usize, at: usize): usize {
  if (input != lazyCell) return slotWalk(input, at);
  const path = pathOf(at);
  return keep(at, fieldValue(arrayGet(path, arrayLen(path) - 1)));
}

export function slotKnownField(input: usize, at: usize): usize {
  if (input != lazyCell) return slotWalk(input, at);
  return keep(at, knownFieldValue(<i32>((load<u32>(at, SLOT_KIND) & ~READER_ATOMS) - READER_KNOWN_FIELD)));
}

export function slotParsedPath(input: usize, at: usize): usize {
  return input == lazyCell ? keep(at, parsedPathValue()) : slotWalk(input, at);
}

/** A fact of the connection stays as the atom that it equals, for its other requests. */
export function slotContext(input: usize, at: usize): usize {
  if (input != lazyCell) return slotWalk(input, at);
  const kind = load<u32>(at, SLOT_KIND);
  const field = <i32>((kind & ~READER_ATOMS) - READER_CONTEXT);
  const value = keep(at, contextField(field));
  if (kind & READER_ATOMS) setContextField(field, value);
  return value;
}

function slotWalk(input: usize, at: usize): usize {
  const value = walk(input, pathOf(at), 0);
  store<u32>(at, <u32>value, SLOT_VALUE);
  store<u32>(at, memoGeneration, SLOT_GENERATION);
  return value;
}

// @ts-ignore: decorator
@inline
function keep(at: usize, read: usize): usize {
  const value = load<u32>(at, SLOT_KIND) & READER_ATOMS ? internParts(read) : read;
  store<u32>(at, <u32>value, SLOT_VALUE);
  store<u32>(at, memoGeneration, SLOT_GENERATION);
  return value;
}

/** A string, or an array's strings, as the atoms that they equal: for what is compared or looked up often. */
function internParts(value: usize): usize {
  if (value & 1) return value;
  const kind = load<u32>(value) & 0xff; // of address 0: 0
  if (kind == STRING) return internAtom(value);
  if (kind != ARRAY || value < heapBase) return value;
  const length = arrayLen(value);
  for (let i = 0; i < length; i++) {
    const part = arrayGet(value, i);
    if (!(part & 1) && (load<u32>(part) & 0xff) == STRING) arraySet(value, i, internAtom(part));
  }
  return value;
}

// @ts-ignore: decorator
@inline
function pathOf(slot: usize): usize {
  return <usize>load<u32>(<usize>load<u32>(slot, SLOT_PATH));
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
  if (kind >= READER_KNOWN_FIELD) return knownFieldValue(<i32>(kind - READER_KNOWN_FIELD));
  if (kind >= READER_CONTEXT) return contextField(<i32>(kind - READER_CONTEXT));
  switch (kind) {
    case READER_METHOD:
      return methodValue();
    case READER_TARGET:
      return targetValue();
    case READER_AUTHORITY:
      return authorityValue();
    case READER_SCHEME:
      return contextField(CTX_SCHEME);
    case READER_PROTOCOL:
      return protocolValue();
    case READER_REQUEST_ID:
      return requestId;
    case READER_HEADERS:
      return headersValue();
    case READER_FIELD:
      return fieldValue(arrayGet(path, arrayLen(path) - 1));
    case READER_PARSED_PATH:
      return parsedPathValue();
    case READER_PARSED_QUERY:
      return parsedQueryValue();
    case READER_HTTP:
      return httpValue();
    case READER_SOURCE:
      return sourceValue();
    case READER_DESTINATION:
      return walk(destination, path, 1);
    case READER_TIME:
      return requestTimeValue();
  }
  needInput(lazyCell);
  return walk(lazyCell, path, 0);
}
