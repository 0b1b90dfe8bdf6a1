/** uuid.parse: what a UUID says of itself (RFC 4122). */
import { bufferString, newBuffer, putByte, putInt, putText } from "../buffer";
import { burn } from "../failure";
import { alloc } from "../memory";
import { makeObject, objectInsert } from "../value/object";
import { STRING, UNDEFINED, makeInt, makeText, stringLen, stringPtr } from "../value/value";
import { expectKind } from "./operands";
import { byteOf } from "../static-text";

/** Ticks of 100 ns between 1582-10-15 and 1970-01-01. */
const TICKS_TO_UNIX: i64 = 122192928000000000;

/** Undefined for what is no UUID: `8-4-4-4-12` hexadecimal digits, also in braces, behind `urn:uuid:`, or without dashes. */
export function uuidParse(value: usize): usize {
  if (!expectKind("uuid.parse", 1, value, STRING)) return UNDEFINED;
  burn(8);
  const bytes = alloc(16);
  if (!readBytes(stringPtr(value), stringLen(value), bytes)) return UNDEFINED;
  const version = load<u8>(bytes + 6) >> 4;
  const facts = makeObject(8);
  objectInsert(facts, makeText("version"), makeInt(version));
  objectInsert(facts, makeText("variant"), makeText(variantName(load<u8>(bytes + 8))));
  if (version != 1 && version != 2) return facts;
  const ticks =
    ((<i64>bswap<u16>(load<u16>(bytes + 6)) & 0xfff) << 48) |
    (<i64>bswap<u16>(load<u16>(bytes + 4)) << 32) |
    <i64>bswap<u32>(load<u32>(bytes));
  objectInsert(facts, makeText("time"), makeInt((ticks - TICKS_TO_UNIX) * 100));
  objectInsert(facts, makeText("clocksequence"), makeInt(bswap<u16>(load<u16>(bytes + 8)) & 0x3fff));
  objectInsert(facts, makeText("nodeid"), nodeText(bytes + 10));
  objectInsert(facts, makeText("macvariables"), makeText(macName(load<u8>(bytes + 10))));
  if (version == 2) {
    objectInsert(facts, makeText("id"), makeInt(<i64>bswap<u32>(load<u32>(bytes))));
    objectInsert(facts, makeText("domain"), domainText(load<u8>(bytes + 9)));
  }
  return facts;
}

function readBytes(text: usize, textLength: i32, bytes: usize): bool {
  let ptr = text;
  let length = textLength;
  if (length == 45) {
    if (!isUrn(ptr)) return false;
    ptr += 9;
    length = 36;
  } else if (length == 38) {
    ptr++;
    length = 36;
  }
  const hasDashes = length == 36;
  if (!hasDashes && length != 32) return false;
  let at = 0;
  for (let i = 0; i < 16; i++) {
    if (hasDashes && (i == 4 || i == 6 || i == 8 || i == 10) && load<u8>(ptr + at++) != 0x2d) return false;
    const upper = hexValue(load<u8>(ptr + at));
    const lower = hexValue(load<u8>(ptr + at + 1));
    if (upper < 0 || lower < 0) return false;
    store<u8>(bytes + i, <u8>((upper << 4) | lower));
    at += 2;
  }
  return true;
}

function isUrn(ptr: usize): bool {
  const urn = "urn:uuid:";
  for (let i = 0; i < 9; i++) {
    const byte = <u32>load<u8>(ptr + i);
    if (byte != <u32>byteOf(urn, i) && (byte - 0x41 > 25 || (byte | 0x20) != <u32>byteOf(urn, i))) return false;
  }
  return true;
}

function hexValue(byte: u32): i32 {
  if (byte - 0x30 <= 9) return <i32>(byte - 0x30);
  const letter = (byte | 0x20) - 0x61;
  return letter <= 5 ? <i32>letter + 10 : -1;
}

function variantName(byte: u32): string {
  if ((byte & 0xc0) == 0x80) return "RFC4122";
  if ((byte & 0xe0) == 0xc0) return "Microsoft";
  return (byte & 0xe0) == 0xe0 ? "Future" : "Reserved";
}

function macName(byte: u32): string {
  if ((byte & 3) == 3) return "local:multicast";
  if (byte & 1) return "global:multicast";
  return byte & 2 ? "local:unicast" : "global:unicast";
}

function domainText(byte: u32): usize {
  if (byte == 0) return makeText("Person");
  if (byte == 1) return makeText("Group");
  if (byte == 2) return makeText("Org");
  const text = newBuffer(16);
  putText(text, "Domain");
  putInt(text, byte);
  return bufferString(text);
}

/** Six bytes as `00-00-00-00-00-00`. */
function nodeText(bytes: usize): usize {
  const text = newBuffer(24);
  for (let i = 0; i < 6; i++) {
    if (i > 0) putByte(text, 0x2d);
    const byte = <u32>load<u8>(bytes + i);
    putByte(text, hexDigit(byte >> 4));
    putByte(text, hexDigit(byte & 15));
  }
  return bufferString(text);
}

function hexDigit(n: u32): u32 {
  return n < 10 ? 0x30 + n : 0x57 + n;
}
