/** crypto.md5, .sha1, .sha256 and crypto.hmac.*: hexadecimal digests of strings. */
import { bufferString, newBuffer } from "../buffer";
import { burn } from "../failure";
import { MD5, SHA1, SHA256, SHA512, digest, digestBytes, hmac } from "../crypto/digest";
import { writeHexBytes } from "../text/hex";
import { STRING, makeBoolean, stringLen, stringPtr } from "../value/value";
import { expectKind } from "./operands";
import { expectStrings } from "./strings";

function digestText(name: string, value: usize, algorithm: i32): usize {
  if (!expectKind(name, 1, value, STRING)) return 0;
  return hexOf(digest(algorithm, stringPtr(value), stringLen(value)), digestBytes(algorithm));
}

function hexOf(ptr: usize, length: i32): usize {
  const text = newBuffer(length << 1);
  writeHexBytes(text, ptr, length);
  return bufferString(text);
}

export function md5(value: usize): usize {
  return digestText("crypto.md5", value, MD5);
}

export function sha1(value: usize): usize {
  return digestText("crypto.sha1", value, SHA1);
}

export function sha256(value: usize): usize {
  return digestText("crypto.sha256", value, SHA256);
}

function hmacText(name: string, value: usize, key: usize, algorithm: i32): usize {
  if (!expectStrings(name, value, key)) return 0;
  const code = hmac(algorithm, stringPtr(key), stringLen(key), stringPtr(value), stringLen(value));
  return hexOf(code, digestBytes(algorithm));
}

export function hmacMd5(value: usize, key: usize): usize {
  return hmacText("crypto.hmac.md5", value, key, MD5);
}

export function hmacSha1(value: usize, key: usize): usize {
  return hmacText("crypto.hmac.sha1", value, key, SHA1);
}

export function hmacSha256(value: usize, key: usize): usize {
  return hmacText("crypto.hmac.sha256", value, key, SHA256);
}

export function hmacSha512(value: usize, key: usize): usize {
  return hmacText("crypto.hmac.sha512", value, key, SHA512);
}

/** Takes the same time wherever two codes of one length differ. */
export function hmacEqual(a: usize, b: usize): usize {
  if (!expectStrings("crypto.hmac.equal", a, b)) return 0;
  const length = stringLen(a);
  if (length != stringLen(b)) return makeBoolean(false);
  burn(length >> 4);
  let difference: u32 = 0;
  for (let i = 0; i < length; i++) difference |= load<u8>(stringPtr(a) + i) ^ load<u8>(stringPtr(b) + i);
  return makeBoolean(difference == 0);
}
