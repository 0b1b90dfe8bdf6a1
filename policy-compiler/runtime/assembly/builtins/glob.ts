/** glob.*: patterns with delimiters, made into the same programs as regular expressions. */
import { bufferLength, bufferPtr, bufferString, newBuffer, putByte, putBytes, putString, putText } from "../buffer";
import { builtinErrorText, burn } from "../failure";
import { isMatch } from "../regex/automaton";
import { fault } from "../regex/parse";
import { GLOB, GLOB_WITHOUT_DELIMITERS, programFor } from "../regex/store";
import { pointWidth } from "../regex/utf8";
import { arrayGet, arrayLen } from "../value/array";
import {
  ARRAY, NULL, STRING, UNDEFINED, isSealed, kindOf, makeBoolean, stringLen, stringPtr,
} from "../value/value";
import { elementError, expectKind, operandError } from "./operands";

export function globMatch(pattern: usize, delimiters: usize, value: usize): usize {
  const name = "glob.match";
  if (!expectKind(name, 1, pattern, STRING)) return UNDEFINED;
  const kind = kindOf(delimiters);
  if (kind != NULL && kind != ARRAY) return operandError(name, 2, "one of {array, null}", delimiters);
  if (!expectKind(name, 3, value, STRING)) return UNDEFINED;
  let program: usize = 0;
  if (kind == NULL) {
    program = programFor(GLOB_WITHOUT_DELIMITERS, stringPtr(pattern), stringLen(pattern), isSealed(pattern));
  } else {
    const key = newBuffer(stringLen(pattern) + 16);
    if (!putDelimiters(key, delimiters)) return UNDEFINED;
    putByte(key, 0);
    putString(key, pattern);
    program = programFor(GLOB, bufferPtr(key), bufferLength(key), isSealed(pattern) && isSealed(delimiters));
  }
  if (program == 0) return badGlob(pattern);
  return makeBoolean(isMatch(program, stringPtr(value), stringLen(value)));
}

function badGlob(pattern: usize): usize {
  const text = newBuffer(128);
  putText(text, fault);
  putText(text, " in ");
  putString(text, pattern);
  return builtinErrorText(bufferPtr(text), bufferLength(text), "glob.match: ");
}

function putDelimiters(key: usize, delimiters: usize): bool {
  const count = arrayLen(delimiters);
  if (count == 0) putByte(key, 0x2e);
  burn(count);
  for (let i = 0; i < count; i++) {
    const delimiter = arrayGet(delimiters, i);
    if (kindOf(delimiter) != STRING) {
      elementError("glob.match", 2, delimiters, delimiter, "string");
      return false;
    }
    const length = stringLen(delimiter);
    const ptr = stringPtr(delimiter);
    if (length == 0 || pointWidth(ptr, ptr + length) != length || load<u8>(ptr) == 0) {
      elementError("glob.match", 2, delimiters, delimiter, "rune");
      return false;
    }
    putBytes(key, ptr, length);
  }
  return true;
}

/** Puts a backslash before every sign with a meaning: `*?\[]{}`. */
export function globQuoteMeta(pattern: usize): usize {
  if (!expectKind("glob.quote_meta", 1, pattern, STRING)) return UNDEFINED;
  const length = stringLen(pattern);
  const ptr = stringPtr(pattern);
  const buffer = newBuffer(length + 16);
  burn(length >> 4);
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(ptr + i);
    if (byte == 0x2a || byte == 0x3f || byte == 0x5b || byte == 0x5c || byte == 0x5d || byte == 0x7b || byte == 0x7d) putByte(buffer, 0x5c);
    putByte(buffer, byte);
  }
  return bufferString(buffer);
}
