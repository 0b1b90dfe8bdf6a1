/**
 * The request head as spans: the table that the host's codec made while it composed the head
 * (policy-runtime/src/layout/head-table.ts), read in place.
 */
import {
  HEAD_FIELD_COUNT, HEAD_METHOD_LENGTH, HEAD_PRESENT, HEAD_REPEATED, HEAD_SIZE, HEAD_TARGET_LENGTH, ROW_KNOWN_FIELD,
  ROW_NAME_LENGTH, ROW_NAME_START, ROW_SIZE, ROW_VALUE_LENGTH, ROW_VALUE_START,
} from "../layout";
import { headPtr, headTable } from "./region";

// @ts-ignore: decorator
@inline
export function methodLength(): i32 {
  return load<i32>(headTable, HEAD_METHOD_LENGTH);
}

// @ts-ignore: decorator
@inline
export function targetLength(): i32 {
  return load<i32>(headTable, HEAD_TARGET_LENGTH);
}

// @ts-ignore: decorator
@inline
export function targetPtr(): usize {
  return headPtr + <usize>methodLength() + 1;
}

// @ts-ignore: decorator
@inline
export function protocolPtr(): usize {
  return targetPtr() + <usize>targetLength() + 1;
}

// @ts-ignore: decorator
@inline
export function fieldCount(): i32 {
  return load<i32>(headTable, HEAD_FIELD_COUNT);
}

/** A field of this number is there. */
// @ts-ignore: decorator
@inline
export function isPresent(field: i32): bool {
  return ((load<u32>(headTable, HEAD_PRESENT) >>> field) & 1) != 0;
}

/** Fields of this number are there more than once. */
// @ts-ignore: decorator
@inline
export function isRepeated(field: i32): bool {
  return ((load<u32>(headTable, HEAD_REPEATED) >>> field) & 1) != 0;
}

/** Row of the i-th field line; its neighbours are ROW_SIZE away. */
// @ts-ignore: decorator
@inline
export function rowAt(i: i32): usize {
  return headTable + HEAD_SIZE + <usize>i * ROW_SIZE;
}

// @ts-ignore: decorator
@inline
export function namePtr(row: usize): usize {
  return headPtr + <usize>load<u32>(row, ROW_NAME_START);
}

// @ts-ignore: decorator
@inline
export function nameLength(row: usize): i32 {
  return <i32>load<u16>(row, ROW_NAME_LENGTH);
}

// @ts-ignore: decorator
@inline
export function knownField(row: usize): i32 {
  return <i32>load<u16>(row, ROW_KNOWN_FIELD);
}

// @ts-ignore: decorator
@inline
export function valuePtr(row: usize): usize {
  return headPtr + <usize>load<u32>(row, ROW_VALUE_START);
}

// @ts-ignore: decorator
@inline
export function valueLength(row: usize): i32 {
  return load<i32>(row, ROW_VALUE_LENGTH);
}
