/** base64.*, base64url.*, hex.*. */
import { bufferLength, bufferPtr, bufferString, newBuffer, putByte, putBytes, putInt, putText } from "../buffer";
import { builtinError, builtinErrorText, burn } from "../failure";
import { badBase64At, decodeBase64, decodeDigits, encodeBase64 } from "../text/base64";
import { hexValue, writeHexBytes } from "../text/hex";
import { STRING, kindOf, makeBoolean, stringLen, stringPtr } from "../value/value";
import { expectKind } from "./operands";

function encoded(value: usize, isUrl: bool, isPadded: bool): usize {
  const text = newBuffer(((stringLen(value) + 2) / 3) << 2);
  encodeBase64(text, stringPtr(value), stringLen(value), isUrl, isPadded);
  return bufferString(text);
}

export function base64Encode(value: usize): usize {
  return expectKind("base64.encode", 1, value, STRING) ? encoded(value, false, true) : 0;
}

export function base64UrlEncode(value: usize): usize {
  return expectKind("base64url.encode", 1, value, STRING) ? encoded(value, true, true) : 0;
}

export function base64UrlEncodeNoPad(value: usize): usize {
  return expectKind("base64url.encode_no_pad", 1, value, STRING) ? encoded(value, true, false) : 0;
}

function illegalData(words: string): usize {
  const place = newBuffer(16);
  putInt(place, badBase64At);
  return builtinErrorText(bufferPtr(place), bufferLength(place), words);
}

export function base64Decode(value: usize): usize {
  if (!expectKind("base64.decode", 1, value, STRING)) return 0;
  const bytes = decodeBase64(stringPtr(value), stringLen(value), false);
  return bytes == 0 ? illegalData("base64.decode: illegal base64 data at input byte ") : bufferString(bytes);
}

export function base64IsValid(value: usize): usize {
  if (kindOf(value) != STRING) return makeBoolean(false);
  return makeBoolean(decodeBase64(stringPtr(value), stringLen(value), false) != 0);
}

/** Padding may be missing. */
export function base64UrlDecode(value: usize): usize {
  if (!expectKind("base64url.decode", 1, value, STRING)) return 0;
  const length = stringLen(value);
  const plain = decodeDigits(stringPtr(value), length, true);
  if (plain != 0) return bufferString(plain);
  const isPadded = length > 0 && load<u8>(stringPtr(value) + length - 1) == 0x3d;
  const padded = newBuffer(length + 8);
  putBytes(padded, stringPtr(value), length);
  if (!isPadded && (length & 3) != 0) {
    if ((length & 3) == 1) {
      return builtinErrorText(stringPtr(value), length, "base64url.decode: illegal base64url string: ");
    }
    putText(padded, (length & 3) == 2 ? "==" : "=");
  }
  const bytes = decodeBase64(bufferPtr(padded), bufferLength(padded), true);
  return bytes == 0 ? illegalData("base64url.decode: illegal base64 data at input byte ") : bufferString(bytes);
}

export function hexEncode(value: usize): usize {
  if (!expectKind("hex.encode", 1, value, STRING)) return 0;
  const text = newBuffer(stringLen(value) << 1);
  writeHexBytes(text, stringPtr(value), stringLen(value));
  return bufferString(text);
}

export function hexDecode(value: usize): usize {
  if (!expectKind("hex.decode", 1, value, STRING)) return 0;
  const length = stringLen(value);
  const bytes = newBuffer((length >> 1) + 8);
  burn(length >> 4);
  for (let i = 0; i < length; i += 2) {
    const high = hexValue(load<u8>(stringPtr(value) + i));
    if (high < 0) return badHex(stringPtr(value) + i);
    if (i + 1 == length) return builtinError("hex.decode: encoding/hex: odd length hex string");
    const low = hexValue(load<u8>(stringPtr(value) + i + 1));
    if (low < 0) return badHex(stringPtr(value) + i + 1);
    putByte(bytes, <u32>((high << 4) | low));
  }
  return bufferString(bytes);
}

function badHex(at: usize): usize {
  return builtinErrorText(at, 1, "hex.decode: encoding/hex: invalid byte: ");
}
