/**
 * The request head as spans (RFC 9112 §2.1): request line and field lines, found in one
 * pass when the first of them is asked for. The bytes are those that the proxy composed:
 * every line ends in CR LF, names are tokens, the empty line is there. A head that is
 * otherwise is a bug of the host, and aborts.
 */
import { abortWith, burn } from "../failure";
import { FIELD_BYTES, FIELDS_MAX, fieldTable, headEnd, headPtr } from "./region";

export let methodLength: i32 = 0;
export let targetPtr: usize = 0;
export let targetLength: i32 = 0;
export let protocolPtr: usize = 0;
export let protocolLength: i32 = 0;
export let fieldCount: i32 = 0;

let isLineRead: bool = false;
let areFieldsRead: bool = false;
let fieldsStart: usize = 0;

/** Forgets the head before this one. */
export function resetHead(): void {
  isLineRead = false;
  areFieldsRead = false;
  fieldCount = 0;
}

/** Finds method, target and protocol. */
export function readRequestLine(): void {
  if (isLineRead) return;
  isLineRead = true;
  const methodEnd = find(headPtr, 0x20);
  methodLength = <i32>(methodEnd - headPtr);
  targetPtr = methodEnd + 1;
  const targetEnd = find(targetPtr, 0x20);
  targetLength = <i32>(targetEnd - targetPtr);
  protocolPtr = targetEnd + 1;
  const lineEnd = find(protocolPtr, 0x0d);
  protocolLength = <i32>(lineEnd - protocolPtr);
  fieldsStart = lineEnd + 2;
}

/** Fills the field table: {name ptr, name length, value ptr, value length} a field line, values trimmed. */
export function readFields(): void {
  if (areFieldsRead) return;
  areFieldsRead = true;
  readRequestLine();
  let at = fieldsStart;
  let row = fieldTable;
  let count = 0;
  while (at + 1 < headEnd && load<u16>(at) != 0x0a0d) {
    if (++count > FIELDS_MAX) abortWith("rm_memory: the request has more fields than a policy may see");
    const nameEnd = find(at, 0x3a);
    let value = nameEnd + 1;
    while (isSpace(load<u8>(value))) value++;
    const lineEnd = find(value, 0x0d);
    let valueEnd = lineEnd;
    while (valueEnd > value && isSpace(load<u8>(valueEnd - 1))) valueEnd--;
    store<u32>(row, <u32>at);
    store<u32>(row, <u32>(nameEnd - at), 4);
    store<u32>(row, <u32>value, 8);
    store<u32>(row, <u32>(valueEnd - value), 12);
    row += FIELD_BYTES;
    at = lineEnd + 2;
  }
  burn(count);
  fieldCount = count;
}

// @ts-ignore: decorator
@inline
function isSpace(byte: u32): bool {
  return byte == 0x20 || byte == 0x09;
}

/** Address of the next `byte` from `at` on; it must come before the head's end. */
function find(at: usize, byte: u8): usize {
  const wanted = i8x16.splat(byte);
  let from = at;
  while (from < headEnd) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(from), wanted));
    if (found != 0) {
      const place = from + <usize>ctz(found);
      if (place < headEnd) return place;
      break;
    }
    from += 16;
  }
  abortWith("rm_input: the request head is not complete");
  return 0;
}
