/**
 * IP addresses and CIDR blocks as 128 bits in two words, IPv4 in its mapped form
 * (::ffff:0:0/96), read and written as Go's net package does.
 */
import { putByte, putInt } from "../buffer";
import { burn } from "../failure";

/** What parseAddress and parseBlock found: the address, the block's first and last one. */
export let high: u64 = 0;
export let low: u64 = 0;
export let lastHigh: u64 = 0;
export let lastLow: u64 = 0;
/** Prefix length, of 128 bits also for IPv4. */
export let prefix: i32 = 0;

export function isMapped(h: u64, l: u64): bool {
  return h == 0 && l >>> 32 == 0xffff;
}

/** The text is an address without zone; it is then in `high` and `low`. */
export function parseAddress(ptr: usize, length: i32): bool {
  for (let i = 0; i < length && i < 5; i++) {
    const byte = load<u8>(ptr + i);
    if (byte == 0x2e) return parseV4(ptr, length);
    if (byte == 0x3a) return parseV6(ptr, length);
  }
  return false;
}

/** Four decimal numbers below 256, without leading zeros. */
function parseV4(ptr: usize, length: i32): bool {
  if (length > 15) return false;
  let address: u64 = 0;
  let parts = 0;
  let at = 0;
  while (true) {
    const from = at;
    let n: u32 = 0;
    while (at < length && <u32>load<u8>(ptr + at) - 0x30 <= 9) n = n * 10 + (load<u8>(ptr + at++) - 0x30);
    if (at == from || at - from > 3 || n > 255 || (at - from > 1 && load<u8>(ptr + from) == 0x30)) return false;
    address = (address << 8) | <u64>n;
    if (++parts == 4) break;
    if (at >= length || load<u8>(ptr + at++) != 0x2e) return false;
  }
  if (at != length) return false;
  high = 0;
  low = 0xffff00000000 | address;
  return true;
}

function hexValue(byte: u32): i32 {
  if (byte - 0x30 <= 9) return <i32>(byte - 0x30);
  const letter = (byte | 0x20) - 0x61;
  return letter <= 5 ? <i32>letter + 10 : -1;
}

let headHigh: u64 = 0;
let headLow: u64 = 0;
/** Appends 16 bits to the 128 of head. */
function shiftIn(group: u64): void {
  headHigh = (headHigh << 16) | (headLow >>> 48);
  headLow = (headLow << 16) | group;
}

function parseV6(ptr: usize, length: i32): bool {
  headHigh = 0;
  headLow = 0;
  let groups = 0;
  let gapAt = -1;
  let gapHigh: u64 = 0;
  let gapLow: u64 = 0;
  let at = 0;
  if (length >= 2 && load<u16>(ptr) == 0x3a3a) {
    gapAt = 0;
    at = 2;
  }
  while (at < length) {
    if (groups == 8) return false;
    const from = at;
    let n: u64 = 0;
    while (at < length && at - from < 5 && hexValue(load<u8>(ptr + at)) >= 0) n = (n << 4) | <u64>hexValue(load<u8>(ptr + at++));
    if (at == from || at - from > 4) return false;
    if (at < length && load<u8>(ptr + at) == 0x2e) {
      // The last 32 bits in IPv4's form.
      if (groups > 6 || !parseV4(ptr + from, length - from)) return false;
      const tail = low;
      shiftIn((tail >>> 16) & 0xffff);
      shiftIn(tail & 0xffff);
      groups += 2;
      at = length;
      break;
    }
    shiftIn(n);
    groups++;
    if (at == length) break;
    if (load<u8>(ptr + at++) != 0x3a || at == length) return false;
    if (load<u8>(ptr + at) == 0x3a) {
      if (gapAt >= 0) return false;
      gapAt = groups;
      gapHigh = headHigh;
      gapLow = headLow;
      headHigh = 0;
      headLow = 0;
      at++;
    }
  }
  if (gapAt < 0) {
    if (groups != 8) return false;
  } else {
    if (groups == 8) return false; // the :: stands for one group at least
    shiftLeft(gapHigh, gapLow, (8 - gapAt) << 4);
    headHigh |= high;
    headLow |= low;
  }
  high = headHigh;
  low = headLow;
  return true;
}

/** The 128 bits shifted to the left, into `high` and `low`. */
function shiftLeft(h: u64, l: u64, bits: i32): void {
  if (bits >= 128) {
    high = 0;
    low = 0;
  } else if (bits >= 64) {
    high = l << (bits - 64);
    low = 0;
  } else {
    high = bits == 0 ? h : (h << bits) | (l >>> (64 - bits));
    low = l << bits;
  }
}

/** The text is `address/length`; the block's ends are then in high, low, lastHigh and lastLow. */
export function parseBlock(ptr: usize, length: i32): bool {
  let slash = 0;
  burn(length >> 4);
  while (slash < length && load<u8>(ptr + slash) != 0x2f) slash++;
  if (slash >= length - 1 || !parseAddress(ptr, slash)) return false;
  let isV4 = true;
  for (let i = 0; i < slash; i++) if (load<u8>(ptr + i) == 0x3a) isV4 = false;
  let bits = 0;
  for (let i = slash + 1; i < length; i++) {
    const digit = <u32>load<u8>(ptr + i) - 0x30;
    if (digit > 9) return false;
    bits = bits * 10 + <i32>digit;
    if (bits > 128) return false;
  }
  if (isV4) {
    if (bits > 32) return false;
    bits += 96;
  }
  setBlock(high, low, bits);
  return true;
}

export function setBlock(h: u64, l: u64, bits: i32): void {
  const highMask: u64 = bits >= 64 ? u64.MAX_VALUE : bits == 0 ? 0 : u64.MAX_VALUE << (64 - bits);
  const lowMask: u64 = bits <= 64 ? 0 : u64.MAX_VALUE << (128 - bits);
  prefix = bits;
  high = h & highMask;
  low = l & lowMask;
  lastHigh = h | ~highMask;
  lastLow = l | ~lowMask;
}

export function isBefore(h: u64, l: u64, otherHigh: u64, otherLow: u64): bool {
  return h != otherHigh ? h < otherHigh : l < otherLow;
}

// ── writing ──

export function putAddress(buffer: usize, h: u64, l: u64): void {
  if (isMapped(h, l)) {
    for (let shift = 24; shift >= 0; shift -= 8) {
      putInt(buffer, <i64>((l >>> shift) & 0xff));
      if (shift > 0) putByte(buffer, 0x2e);
    }
    return;
  }
  // The first of the longest runs of two zero groups or more is written as ::
  let bestFrom = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groupOf(h, l, i + run) == 0) run++;
    if (run > bestLength) {
      bestFrom = i;
      bestLength = run;
    }
    i += run;
  }
  for (let i = 0; i < 8; i++) {
    if (i == bestFrom) {
      putByte(buffer, 0x3a);
      putByte(buffer, 0x3a);
      i += bestLength - 1;
      continue;
    }
    if (i > 0 && i != bestFrom + (bestFrom < 0 ? 0 : bestLength)) putByte(buffer, 0x3a);
    putHex(buffer, groupOf(h, l, i));
  }
}

function groupOf(h: u64, l: u64, i: i32): u32 {
  return <u32>(((i < 4 ? h : l) >>> ((3 - (i & 3)) << 4)) & 0xffff);
}

function putHex(buffer: usize, group: u32): void {
  let shift = 12;
  while (shift > 0 && group >> shift == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) {
    const digit = (group >> shift) & 15;
    putByte(buffer, digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
}

/** `10.0.0.0/8`; the prefix is of 128 bits. */
export function putBlock(buffer: usize, h: u64, l: u64, bits: i32): void {
  putAddress(buffer, h, l);
  putByte(buffer, 0x2f);
  putInt(buffer, isMapped(h, l) && bits >= 96 ? bits - 96 : bits);
}
