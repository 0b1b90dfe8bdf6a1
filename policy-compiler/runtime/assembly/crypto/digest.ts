/** MD5, SHA-1, SHA-256 and SHA-512 of bytes in memory, and HMAC over them (RFC 1321, FIPS 180-4, RFC 2104). */
import { burn } from "../failure";
import { alloc } from "../memory";
import { md5Block, startMd5 } from "./md5";
import { sha1Block, startSha1 } from "./sha1";
import { sha256Block, startSha256 } from "./sha256";
import { sha512Block, startSha512 } from "./sha512";

export const MD5: i32 = 0;
export const SHA1: i32 = 1;
export const SHA256: i32 = 2;
export const SHA512: i32 = 3;
export const SHA384: i32 = 4;

export function digestBytes(algorithm: i32): i32 {
  if (algorithm == MD5) return 16;
  if (algorithm == SHA1) return 20;
  if (algorithm == SHA256) return 32;
  return algorithm == SHA384 ? 48 : 64;
}

function blockBytes(algorithm: i32): i32 {
  return algorithm >= SHA512 ? 128 : 64;
}

/** Words of 4 bytes (SHA-512: 8) that the hash so far is kept in. */
const state = memory.data(64, 8);

function start(algorithm: i32): void {
  if (algorithm == MD5) startMd5(state);
  else if (algorithm == SHA1) startSha1(state);
  else if (algorithm == SHA256) startSha256(state);
  else startSha512(state, algorithm == SHA384);
}

function block(algorithm: i32, ptr: usize): void {
  burn(16);
  if (algorithm == MD5) md5Block(state, ptr);
  else if (algorithm == SHA1) sha1Block(state, ptr);
  else if (algorithm == SHA256) sha256Block(state, ptr);
  else sha512Block(state, ptr);
}

/** Address of the digest, digestBytes long. */
export function digest(algorithm: i32, ptr: usize, length: i32): usize {
  const size = blockBytes(algorithm);
  start(algorithm);
  let at = 0;
  for (; at + size <= length; at += size) block(algorithm, ptr + at);
  // What is left, a 1 bit, zeros, and the length in bits at the end of one more block or two.
  const tail = alloc(256);
  const left = length - at;
  memory.fill(tail, 0, 256);
  memory.copy(tail, ptr + at, left);
  store<u8>(tail + left, 0x80);
  const padded = left + 1 + (size >> 3) <= size ? size : size << 1;
  const bits = (<u64>length) << 3;
  store<u64>(tail + padded - 8, algorithm == MD5 ? bits : bswap<u64>(bits));
  for (let i = 0; i < padded; i += size) block(algorithm, tail + i);
  const out = alloc(64);
  const bytes = digestBytes(algorithm);
  if (algorithm == MD5) memory.copy(out, state, 16);
  else if (algorithm >= SHA512) for (let i = 0; i < bytes; i += 8) store<u64>(out + i, bswap<u64>(load<u64>(state + i)));
  else for (let i = 0; i < bytes; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(state + i)));
  return out;
}

/** Address of the code, digestBytes long. */
export function hmac(algorithm: i32, key: usize, keyLength: i32, ptr: usize, length: i32): usize {
  const size = blockBytes(algorithm);
  const bytes = digestBytes(algorithm);
  const inner = alloc(<usize>(size + length));
  const outer = alloc(<usize>(size + bytes));
  memory.fill(inner, 0, size);
  if (keyLength > size) memory.copy(inner, digest(algorithm, key, keyLength), bytes);
  else memory.copy(inner, key, keyLength);
  for (let i = 0; i < size; i++) {
    const byte = load<u8>(inner + i);
    store<u8>(inner + i, byte ^ 0x36);
    store<u8>(outer + i, byte ^ 0x5c);
  }
  memory.copy(inner + size, ptr, length);
  memory.copy(outer + size, digest(algorithm, inner, size + length), bytes);
  return digest(algorithm, outer, size + bytes);
}
