/** io.jwt.decode: the parts of a token, nothing verified; the host does the rest of io.jwt.* . */
import { bufferLength, bufferPtr, bufferString, newBuffer, putBytes, putInt, putText } from "../buffer";
import { builtinError, builtinErrorText, burn } from "../failure";
import { parseJson } from "../json/read";
import { badBase64At, decodeBase64 } from "../text/base64";
import { writeHexBytes } from "../text/hex";
import { arrayPush, makeArray } from "../value/array";
import { objectGet } from "../value/object";
import { OBJECT, STRING, UNDEFINED, isText, kindOf, makeText, stringLen, stringPtr } from "../value/value";
import { expectKind } from "./operands";

const NESTING_MAX: i32 = 8;

// Places of the two periods.
let first: i32 = 0;
let second: i32 = 0;

/** `[header, payload, signature in hexadecimal]`; of a token within a token the inner one. */
export function jwtDecode(token: usize): usize {
  if (!expectKind("io.jwt.decode", 1, token, STRING)) return UNDEFINED;
  return decode(stringPtr(token), stringLen(token), 0);
}

function decode(ptr: usize, length: i32, depth: i32): usize {
  if (depth == NESTING_MAX) return builtinError("io.jwt.decode: the token is nested too deeply");
  if (!findPeriods(ptr, length)) return UNDEFINED;
  const payloadFrom = first + 1;
  const signatureFrom = second + 1;
  const header = decodeObject(ptr, first, true);
  if (header == UNDEFINED) return UNDEFINED;
  if (objectGet(header, makeText("enc")) != UNDEFINED) {
    return builtinError("io.jwt.decode: JWT is a JWE object, which is not supported");
  }
  if (isText(objectGet(header, makeText("cty")), "JWT")) {
    const inner = decodePart(ptr + payloadFrom, second - payloadFrom, "payload");
    return inner == 0 ? UNDEFINED : decodeInner(inner, depth);
  }
  const payload = decodeObject(ptr + payloadFrom, second - payloadFrom, false);
  if (payload == UNDEFINED) return UNDEFINED;
  const signature = decodePart(ptr + signatureFrom, length - signatureFrom, "signature");
  if (signature == 0) return UNDEFINED;
  const hex = newBuffer(bufferLength(signature) << 1);
  writeHexBytes(hex, bufferPtr(signature), bufferLength(signature));
  const parts = makeArray(3);
  arrayPush(parts, header);
  arrayPush(parts, payload);
  arrayPush(parts, bufferString(hex));
  return parts;
}

/** The inner token stands in quotes (as jwt.io makes it). */
function decodeInner(bytes: usize, depth: i32): usize {
  let from = bufferPtr(bytes);
  let to = from + <usize>bufferLength(bytes);
  while (from < to && isQuote(load<u8>(from))) from++;
  while (to > from && isQuote(load<u8>(to - 1))) to--;
  return decode(from, <i32>(to - from), depth + 1);
}

function isQuote(byte: u32): bool {
  return byte == 0x22 || byte == 0x27;
}

function findPeriods(ptr: usize, length: i32): bool {
  let count = 0;
  burn(length >> 4);
  for (let i = 0; i < length; i++) {
    if (load<u8>(ptr + i) != 0x2e) continue;
    if (count == 0) first = i;
    else if (count == 1) second = i;
    count++;
  }
  if (count == 2) return true;
  if (count == 0) {
    builtinError("io.jwt.decode: encoded JWT had no period separators");
    return false;
  }
  const text = newBuffer(16);
  putInt(text, count + 1);
  builtinErrorText(bufferPtr(text), bufferLength(text), "io.jwt.decode: encoded JWT must have 3 sections, found ");
  return false;
}

/** A buffer of the decoded bytes, or 0 after an error. */
function decodePart(ptr: usize, length: i32, part: string): usize {
  const padded = newBuffer(length + 8);
  putBytes(padded, ptr, length);
  const rest = length & 3;
  if (rest != 0 && (length == 0 || load<u8>(ptr + length - 1) != 0x3d)) putText(padded, rest == 2 ? "==" : "=");
  const bytes = decodeBase64(bufferPtr(padded), bufferLength(padded), true);
  if (bytes != 0) return bytes;
  const text = newBuffer(96);
  putText(text, "io.jwt.decode: JWT ");
  putText(text, part);
  putText(text, " had invalid encoding: illegal base64 data at input byte ");
  putInt(text, badBase64At);
  builtinErrorText(bufferPtr(text), bufferLength(text), "");
  return 0;
}

function decodeObject(ptr: usize, length: i32, isHeader: bool): usize {
  const bytes = decodePart(ptr, length, isHeader ? "header" : "payload");
  if (bytes == 0) return UNDEFINED;
  const value = parseJson(bufferPtr(bytes), bufferLength(bytes));
  if (value != 0 && kindOf(value) == OBJECT) return value;
  const text = newBuffer(64);
  putText(text, isHeader ? "bad JWT header: " : "");
  putText(text, value == 0 ? "invalid JSON" : "decoded JSON type was not an Object");
  return builtinErrorText(bufferPtr(text), bufferLength(text), "io.jwt.decode: ");
}
