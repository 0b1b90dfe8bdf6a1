/** net.cidr_*: what blocks contain, and which blocks cover a set of addresses. */
import { bufferLength, bufferPtr, bufferString, newBuffer, putInt, putText, reserve, advance } from "../buffer";
import { builtinErrorText, burn } from "../failure";
import {
  high, isBefore, isMapped, lastHigh, lastLow, low, parseAddress, parseBlock, prefix, putAddress, putBlock, setBlock,
} from "../net/address";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { sortEntries } from "../value/compare";
import { entryCount } from "../value/entries";
import { objectKeyAt, objectValueAt } from "../value/object";
import { makeSet, setAdd, setAt } from "../value/set";
import {
  ARRAY, FALSE_VALUE, OBJECT, SET, STRING, UNDEFINED, kindOf, makeBoolean, makeInt, stringLen, stringPtr,
} from "../value/value";
import { expectKind, operandError } from "./operands";

/** A host may ask for a /16, not for a /8 that would fill the memory. */
const EXPANDED_MAX: u64 = 65536;

function badBlock(name: string, value: usize): usize {
  const text = newBuffer(128);
  putText(text, name);
  putText(text, ": invalid CIDR address: ");
  const head = bufferLength(text);
  const length = stringLen(value);
  memory.copy(reserve(text, length), stringPtr(value), length);
  advance(text, length);
  return builtinErrorText(bufferPtr(text), head + length, "");
}

/** Reads the block of a string; otherwise counts the error. */
function readBlock(name: string, value: usize): bool {
  if (parseBlock(stringPtr(value), stringLen(value))) return true;
  badBlock(name, value);
  return false;
}

/** -1 after an error; `value` is a block or an address. */
function contains(name: string, block: usize, value: usize): i32 {
  if (!readBlock(name, block)) return -1;
  const fromHigh = high;
  const fromLow = low;
  const toHigh = lastHigh;
  const toLow = lastLow;
  const isV4 = isMapped(high, low) && prefix >= 96;
  const isPlainV6 = !isMapped(high, low);
  if (parseAddress(stringPtr(value), stringLen(value))) setBlock(high, low, 128);
  else if (!readBlock(name, value)) return -1;
  // Two blocks of IPv6 are compared as they are.
  else if (isPlainV6 && !isMapped(high, low)) {
    return isBefore(high, low, fromHigh, fromLow) || isBefore(toHigh, toLow, lastHigh, lastLow) ? 0 : 1;
  }
  // A block of the whole IPv6 space does not contain IPv4's mapped addresses, as in Go.
  if (isMapped(high, low) != isV4 || isMapped(lastHigh, lastLow) != isV4) return 0;
  return isBefore(high, low, fromHigh, fromLow) || isBefore(toHigh, toLow, lastHigh, lastLow) ? 0 : 1;
}

export function cidrContains(block: usize, value: usize): usize {
  const name = "net.cidr_contains";
  if (!expectKind(name, 1, block, STRING) || !expectKind(name, 2, value, STRING)) return UNDEFINED;
  const result = contains(name, block, value);
  return result < 0 ? UNDEFINED : makeBoolean(result == 1);
}

export function cidrIntersects(a: usize, b: usize): usize {
  const name = "net.cidr_intersects";
  if (!expectKind(name, 1, a, STRING) || !expectKind(name, 2, b, STRING)) return UNDEFINED;
  if (!readBlock(name, a)) return UNDEFINED;
  const fromHigh = high;
  const fromLow = low;
  const toHigh = lastHigh;
  const toLow = lastLow;
  const isV4 = isMapped(high, low) && prefix >= 96;
  if (!readBlock(name, b)) return UNDEFINED;
  if ((isMapped(high, low) && prefix >= 96) != isV4) return FALSE_VALUE;
  return makeBoolean(!isBefore(lastHigh, lastLow, fromHigh, fromLow) && !isBefore(toHigh, toLow, high, low));
}

/** False also for what is no string. */
export function cidrIsValid(value: usize): usize {
  return makeBoolean(kindOf(value) == STRING && parseBlock(stringPtr(value), stringLen(value)));
}

export function cidrExpand(block: usize): usize {
  const name = "net.cidr_expand";
  if (!expectKind(name, 1, block, STRING)) return UNDEFINED;
  if (!readBlock(name, block)) return UNDEFINED;
  const h = high;
  const count = lastHigh == high ? lastLow - low : u64.MAX_VALUE;
  if (count >= EXPANDED_MAX) {
    const text = newBuffer(64);
    putInt(text, EXPANDED_MAX);
    return builtinErrorText(bufferPtr(text), bufferLength(text), "net.cidr_expand: the block has more addresses than ");
  }
  const hosts = makeSet(<i32>count + 1);
  const first = low;
  for (let i: u64 = 0; i <= count; i++) {
    burn(2);
    const text = newBuffer(40);
    putAddress(text, h, first + i);
    setAdd(hosts, bufferString(text));
  }
  return hosts;
}

// ── contains_matches ──

/** The string of an element: itself, or the first of an array; 0 for others. */
function blockOf(element: usize): usize {
  if (kindOf(element) == STRING) return element;
  if (kindOf(element) != ARRAY || arrayLen(element) == 0) return 0;
  const first = arrayGet(element, 0);
  return kindOf(first) == STRING ? first : 0;
}

function elementCount(operand: usize): i32 {
  const kind = kindOf(operand);
  if (kind == STRING) return 1;
  if (kind == ARRAY) return arrayLen(operand);
  if (kind != OBJECT && kind != SET) return 0;
  sortEntries(operand);
  return entryCount(operand);
}

function elementAt(operand: usize, i: i32): usize {
  const kind = kindOf(operand);
  if (kind == ARRAY) return arrayGet(operand, i);
  if (kind == OBJECT) return objectValueAt(operand, i);
  return kind == SET ? setAt(operand, i) : operand;
}

function keyAt(operand: usize, i: i32): usize {
  const kind = kindOf(operand);
  if (kind == ARRAY) return makeInt(i);
  return kind == OBJECT ? objectKeyAt(operand, i) : elementAt(operand, i);
}

function badElement(position: i32): usize {
  const text = newBuffer(64);
  putInt(text, position);
  putText(text, ": element must be string or non-empty array");
  return builtinErrorText(bufferPtr(text), bufferLength(text), "net.cidr_contains_matches: operand ");
}

export function cidrContainsMatches(blocks: usize, values: usize): usize {
  const found = makeSet();
  const rows = elementCount(blocks);
  const columns = elementCount(values);
  for (let i = 0; i < rows; i++) {
    const block = blockOf(elementAt(blocks, i));
    if (block == 0) return badElement(1);
    burn(columns);
    for (let j = 0; j < columns; j++) {
      const value = blockOf(elementAt(values, j));
      if (value == 0) return badElement(2);
      const result = contains("net.cidr_contains_matches", block, value);
      if (result < 0) return UNDEFINED;
      if (result == 0) continue;
      const pair = makeArray(2);
      arrayPush(pair, keyAt(blocks, i));
      arrayPush(pair, keyAt(values, j));
      setAdd(found, pair);
    }
  }
  return found;
}

// ── merge ──

/** first, last (16 bytes each), the address as written, bits: i32 (MERGED where the span is of several). */
const ENTRY: i32 = 56;
const WRITTEN: usize = 32;
const BITS: usize = 48;
const MERGED: i32 = -1;

/** Blocks that cover exactly what the given blocks and addresses do: neighbours are one span, others as they are. */
export function cidrMerge(addresses: usize): usize {
  const name = "net.cidr_merge";
  const kind = kindOf(addresses);
  if (kind != ARRAY && kind != SET) return operandError(name, 1, "one of {set, array}", addresses);
  const count = elementCount(addresses);
  const list = newBuffer(count * ENTRY);
  for (let i = 0; i < count; i++) {
    burn(2);
    const element = elementAt(addresses, i);
    if (kindOf(element) != STRING) return builtinErrorText(0, 0, "net.cidr_merge: element must be string");
    const at = reserve(list, ENTRY);
    if (!readMember(element, at)) return UNDEFINED;
    store<u64>(at, high);
    store<u64>(at, low, 8);
    store<u64>(at, lastHigh, 16);
    store<u64>(at, lastLow, 24);
    advance(list, ENTRY);
  }
  sortSpans(bufferPtr(list), count);
  return cover(bufferPtr(list), count);
}

/** A lone IPv4 address stands for the block of its class, and is shown as it is written. */
function readMember(element: usize, at: usize): bool {
  const isAddress = parseAddress(stringPtr(element), stringLen(element));
  if (!isAddress && !readBlock("net.cidr_merge", element)) return false;
  store<u64>(at + WRITTEN, high);
  store<u64>(at + WRITTEN, low, 8);
  if (isAddress) {
    if (!isMapped(high, low)) {
      builtinErrorText(0, 0, "net.cidr_merge: IPv6 invalid: needs prefix length");
      return false;
    }
    const first = (low >>> 24) & 0xff;
    setBlock(high, low, first < 0x80 ? 104 : first < 0xc0 ? 112 : 120);
  }
  store<i32>(at + BITS, prefix);
  return true;
}

function sortSpans(base: usize, count: i32): void {
  const held = reserve(newBuffer(ENTRY), ENTRY);
  for (let gap = count >> 1; gap > 0; gap >>= 1) {
    burn(count);
    for (let i = gap; i < count; i++) {
      memory.copy(held, base + <usize>i * ENTRY, ENTRY);
      let j = i;
      while (j >= gap && isSpanBefore(held, base + <usize>(j - gap) * ENTRY)) {
        memory.copy(base + <usize>j * ENTRY, base + <usize>(j - gap) * ENTRY, ENTRY);
        j -= gap;
      }
      memory.copy(base + <usize>j * ENTRY, held, ENTRY);
    }
  }
}

/** By their last addresses, then by their first; IPv4 stands among IPv6 where it is mapped to. */
function isSpanBefore(a: usize, b: usize): bool {
  if (load<u64>(a, 16) != load<u64>(b, 16) || load<u64>(a, 24) != load<u64>(b, 24)) {
    return isBefore(load<u64>(a, 16), load<u64>(a, 24), load<u64>(b, 16), load<u64>(b, 24));
  }
  return isBefore(load<u64>(a), load<u64>(a, 8), load<u64>(b), load<u64>(b, 8));
}

/** From the last span on: one that begins right behind the one before it, or within it, is one with it. */
function cover(base: usize, count: i32): usize {
  const blocks = makeSet(count);
  if (count == 0) return blocks;
  const span = reserve(newBuffer(ENTRY), ENTRY);
  memory.copy(span, base + <usize>(count - 1) * ENTRY, ENTRY);
  for (let i = count - 2; i >= 0; i--) {
    const before = base + <usize>i * ENTRY;
    if (isBehind(span, before)) {
      putSpan(blocks, span);
      memory.copy(span, before, ENTRY);
      continue;
    }
    store<i32>(span + BITS, MERGED);
    if (isBefore(load<u64>(before), load<u64>(before, 8), load<u64>(span), load<u64>(span, 8))) {
      store<u64>(span, load<u64>(before));
      store<u64>(span, load<u64>(before, 8), 8);
    }
  }
  putSpan(blocks, span);
  return blocks;
}

/** Whether there are addresses between them. Before the first address there is none, of IPv4 as of IPv6. */
function isBehind(span: usize, before: usize): bool {
  let h = load<u64>(span);
  let l = load<u64>(span, 8);
  const isFirst = (h == 0 && l == 0) || (isMapped(h, l) && <u32>l == 0);
  if (!isFirst) {
    if (l == 0) h--;
    l--;
  }
  return isBefore(load<u64>(before, 16), load<u64>(before, 24), h, l);
}

function putSpan(blocks: usize, span: usize): void {
  const bits = load<i32>(span + BITS);
  if (bits == MERGED) {
    putCover(blocks, load<u64>(span), load<u64>(span, 8), load<u64>(span, 16), load<u64>(span, 24));
    return;
  }
  const text = newBuffer(48);
  putBlock(text, load<u64>(span + WRITTEN), load<u64>(span + WRITTEN, 8), bits);
  setAdd(blocks, bufferString(text));
}

/** The largest block that begins at the span's first address and fits, again and again. */
function putCover(blocks: usize, fromHigh: u64, fromLow: u64, toHigh: u64, toLow: u64): void {
  let h = fromHigh;
  let l = fromLow;
  while (true) {
    burn(4);
    let bits = 128;
    while (bits > 0) {
      setBlock(h, l, bits - 1);
      if (high != h || low != l || isBefore(toHigh, toLow, lastHigh, lastLow)) break;
      bits--;
    }
    setBlock(h, l, bits);
    const text = newBuffer(48);
    putBlock(text, h, l, bits);
    setAdd(blocks, bufferString(text));
    if (lastHigh == toHigh && lastLow == toLow) return;
    l = lastLow + 1;
    h = l == 0 ? lastHigh + 1 : lastHigh;
  }
}
