/**
 * Natural numbers of any size: a cell {limb count u32, –, limbs u32 …}, least significant
 * first, without leading zero limbs; zero has none. Every loop takes fuel; what would
 * exceed LIMBS_MAX becomes `isTooBig`, which callers turn into a built-in error.
 */
import { burn } from "../failure";
import { alloc } from "../memory";

/** 524,288 bits, five times OPA's bound for the numbers that it reads (2^100000). */
export const LIMBS_MAX: i32 = 16384;

// @ts-ignore: decorator
@inline
export function limbCount(n: usize): i32 {
  return load<i32>(n);
}

// @ts-ignore: decorator
@inline
function limb(n: usize, i: i32): u64 {
  return <u64>load<u32>(n + 8 + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
function setLimb(n: usize, i: i32, value: u64): void {
  store<u32>(n + 8 + (<usize>i << 2), <u32>value);
}

function makeNatural(limbs: i32): usize {
  const n = alloc(8 + (<usize>limbs << 2));
  store<i32>(n, limbs);
  return n;
}

/** Drops leading zero limbs. */
function trim(n: usize): usize {
  let length = limbCount(n);
  while (length > 0 && limb(n, length - 1) == 0) length--;
  store<i32>(n, length);
  return n;
}

export function naturalOf(value: u64): usize {
  const n = makeNatural(2);
  setLimb(n, 0, value);
  setLimb(n, 1, value >> 32);
  return trim(n);
}

/** The lowest 64 bits. */
export function lowBits(n: usize): u64 {
  const length = limbCount(n);
  if (length == 0) return 0;
  return length == 1 ? limb(n, 0) : limb(n, 0) | (limb(n, 1) << 32);
}

export function isZero(n: usize): bool {
  return limbCount(n) == 0;
}

export function bitLength(n: usize): i32 {
  const length = limbCount(n);
  if (length == 0) return 0;
  return (length << 5) - <i32>clz<u32>(<u32>limb(n, length - 1));
}

export function bitAt(n: usize, i: i32): u32 {
  const at = i >> 5;
  return at < limbCount(n) ? (<u32>limb(n, at) >> (i & 31)) & 1 : 0;
}

/** Zero bits below the lowest set one; of a number that is not zero. */
export function trailingZeros(n: usize): i32 {
  let i = 0;
  while (limb(n, i) == 0) i++;
  return (i << 5) + <i32>ctz<u32>(<u32>limb(n, i));
}

export function compareNaturals(a: usize, b: usize): i32 {
  const x = limbCount(a);
  const y = limbCount(b);
  if (x != y) return x < y ? -1 : 1;
  for (let i = x - 1; i >= 0; i--) {
    if (limb(a, i) != limb(b, i)) return limb(a, i) < limb(b, i) ? -1 : 1;
  }
  return 0;
}

export function addNaturals(a: usize, b: usize): usize {
  if (limbCount(a) < limbCount(b)) return addNaturals(b, a);
  const long = limbCount(a);
  const short = limbCount(b);
  burn(1 + (long >> 4));
  const sum = makeNatural(long + 1);
  let carry: u64 = 0;
  for (let i = 0; i < long; i++) {
    carry += limb(a, i) + (i < short ? limb(b, i) : 0);
    setLimb(sum, i, carry);
    carry >>= 32;
  }
  setLimb(sum, long, carry);
  return trim(sum);
}

/** a − b, where a is not less. */
export function subtractNaturals(a: usize, b: usize): usize {
  const long = limbCount(a);
  const short = limbCount(b);
  burn(1 + (long >> 4));
  const rest = makeNatural(long);
  let borrow: u64 = 0;
  for (let i = 0; i < long; i++) {
    const difference = limb(a, i) - (i < short ? limb(b, i) : 0) - borrow;
    setLimb(rest, i, difference);
    borrow = (difference >> 32) & 1;
  }
  return trim(rest);
}

export function multiplyNaturals(a: usize, b: usize): usize {
  const x = limbCount(a);
  const y = limbCount(b);
  burn(1 + ((<i64>x * <i64>y) >> 4));
  const product = makeNatural(x + y);
  memory.fill(product + 8, 0, <usize>(x + y) << 2);
  for (let i = 0; i < x; i++) {
    const factor = limb(a, i);
    let carry: u64 = 0;
    for (let j = 0; j < y; j++) {
      carry += factor * limb(b, j) + limb(product, i + j);
      setLimb(product, i + j, carry);
      carry >>= 32;
    }
    setLimb(product, i + y, carry);
  }
  return trim(product);
}

export function shiftLeft(n: usize, bits: i32): usize {
  const length = limbCount(n);
  if (length == 0 || bits == 0) return n;
  const limbs = bits >> 5;
  const shift = <u64>(bits & 31);
  burn(1 + ((length + limbs) >> 4));
  const shifted = makeNatural(length + limbs + 1);
  memory.fill(shifted + 8, 0, <usize>limbs << 2);
  let carry: u64 = 0;
  for (let i = 0; i < length; i++) {
    carry |= limb(n, i) << shift;
    setLimb(shifted, i + limbs, carry);
    carry >>= 32;
  }
  setLimb(shifted, length + limbs, carry);
  return trim(shifted);
}

export function shiftRight(n: usize, bits: i32): usize {
  if (bits == 0) return n;
  const limbs = bits >> 5;
  const shift = <u64>(bits & 31);
  const length = limbCount(n) - limbs;
  if (length <= 0) return makeNatural(0);
  burn(1 + (length >> 4));
  const shifted = makeNatural(length);
  for (let i = 0; i < length; i++) {
    const high = i + 1 < length ? limb(n, i + limbs + 1) << 32 : 0;
    setLimb(shifted, i, (limb(n, i + limbs) | high) >> shift);
  }
  return trim(shifted);
}

/** Whether one of the lowest `bits` bits is set. */
export function hasBitBelow(n: usize, bits: i32): bool {
  return !isZero(n) && trailingZeros(n) < bits;
}

/** Of the last division. */
export let remainder: usize = 0;

/** a / b rounded down (Knuth's algorithm D); b is not zero. */
export function divideNaturals(a: usize, b: usize): usize {
  const length = limbCount(b);
  if (compareNaturals(a, b) < 0) {
    remainder = a;
    return makeNatural(0);
  }
  if (length == 1) {
    const quotient = copyOf(a, 0);
    remainder = naturalOf(divideSmall(quotient, limb(b, 0)));
    return trim(quotient);
  }
  const shift = <i32>clz<u32>(<u32>limb(b, length - 1));
  const divisor = shiftLeft(b, shift);
  const rest = copyOf(shiftLeft(a, shift), 1);
  const steps = limbCount(rest) - length;
  const quotient = makeNatural(steps);
  burn(1 + ((<i64>steps * <i64>length) >> 4));
  for (let j = steps - 1; j >= 0; j--) setLimb(quotient, j, divideStep(rest, divisor, length, j));
  store<i32>(rest, length);
  remainder = shiftRight(trim(rest), shift);
  return trim(quotient);
}

/** One digit of the quotient; takes its multiple off `rest`. */
function divideStep(rest: usize, divisor: usize, length: i32, j: i32): u64 {
  const top = limb(divisor, length - 1);
  const second = limb(divisor, length - 2);
  const head = (limb(rest, j + length) << 32) | limb(rest, j + length - 1);
  let digit = head / top;
  let left = head % top;
  while (digit > 0xffffffff || digit * second > ((left << 32) | limb(rest, j + length - 2))) {
    digit--;
    left += top;
    if (left > 0xffffffff) break;
  }
  let borrow: u64 = 0;
  let carry: u64 = 0;
  for (let i = 0; i < length; i++) {
    carry += digit * limb(divisor, i);
    const difference = limb(rest, i + j) - (carry & 0xffffffff) - borrow;
    setLimb(rest, i + j, difference);
    borrow = (difference >> 32) & 1;
    carry >>= 32;
  }
  const difference = limb(rest, j + length) - carry - borrow;
  setLimb(rest, j + length, difference);
  if (!((difference >> 32) & 1)) return digit;
  let back: u64 = 0;
  for (let i = 0; i < length; i++) {
    back += limb(rest, i + j) + limb(divisor, i);
    setLimb(rest, i + j, back);
    back >>= 32;
  }
  setLimb(rest, j + length, limb(rest, j + length) + back);
  return digit - 1;
}

/** A copy with room for `more` zero limbs on top, not trimmed. */
function copyOf(n: usize, more: i32): usize {
  const length = limbCount(n);
  const copy = makeNatural(length + more);
  memory.copy(copy + 8, n + 8, <usize>length << 2);
  for (let i = 0; i < more; i++) setLimb(copy, length + i, 0);
  return copy;
}

/** Divides in place by a limb; gives the rest. */
function divideSmall(n: usize, divisor: u64): u64 {
  let rest: u64 = 0;
  const length = limbCount(n);
  burn(1 + (length >> 4));
  for (let i = length - 1; i >= 0; i--) {
    const head = (rest << 32) | limb(n, i);
    setLimb(n, i, head / divisor);
    rest = head % divisor;
  }
  return rest;
}

/** n · factor + digit, in place; the cell must have room for a limb more. */
function multiplySmall(n: usize, factor: u64, digit: u64): void {
  let carry = digit;
  const length = limbCount(n);
  burn(1 + (length >> 4));
  for (let i = 0; i < length; i++) {
    carry += limb(n, i) * factor;
    setLimb(n, i, carry);
    carry >>= 32;
  }
  if (carry != 0) {
    store<i32>(n, length + 1);
    setLimb(n, length, carry);
  }
}

/** Of `count` decimal digits between which a point may stand. At most LIMBS_MAX limbs' worth. */
export function naturalFromDigits(ptr: usize, count: i32): usize {
  const n = makeNatural(count / 9 + 2);
  store<i32>(n, 0);
  let at = ptr;
  let left = count;
  while (left > 0) {
    let chunk: u64 = 0;
    let factor: u64 = 1;
    const take = left % 9 == 0 ? 9 : left % 9;
    for (let i = 0; i < take; i++) {
      if (load<u8>(at) == 0x2e) at++;
      chunk = chunk * 10 + <u64>(load<u8>(at++) - 0x30);
      factor *= 10;
    }
    left -= take;
    multiplySmall(n, factor, chunk);
  }
  return n;
}

/** Of the last `decimalDigits`. */
export let digitCount: i32 = 0;

/** The decimal digits as ASCII, without leading zeros ("0" for zero): their address. */
export function decimalDigits(n: usize): usize {
  let limbs = limbCount(n);
  if (limbs == 0) {
    const zero = alloc(8);
    store<u8>(zero, 0x30);
    digitCount = 1;
    return zero;
  }
  const room = (limbs * 10 + 8) & ~7;
  const text = alloc(<usize>room);
  const rest = copyOf(n, 0);
  let at = text + <usize>room;
  while (limbs > 0) {
    let chunk = divideSmall(rest, 1000000000);
    if (limb(rest, limbs - 1) == 0) store<i32>(rest, --limbs);
    for (let i = 0; i < 9; i++) {
      store<u8>(--at, <u8>(0x30 + <u32>(chunk % 10)));
      chunk /= 10;
    }
  }
  while (load<u8>(at) == 0x30) at++;
  digitCount = <i32>(text + <usize>room - at);
  return at;
}

/** base ^ exponent, exactly. */
export function powerOf(base: u64, exponent: i32): usize {
  let power = naturalOf(1);
  let square = naturalOf(base);
  let left = exponent;
  while (left > 0) {
    if (left & 1) power = multiplyNaturals(power, square);
    left >>= 1;
    if (left > 0) square = multiplyNaturals(square, square);
  }
  return power;
}

/** Of limbs that lie elsewhere, least significant first. */
export function naturalFromLimbs(limbs: usize, count: i32): usize {
  const n = makeNatural(count);
  memory.copy(n + 8, limbs, <usize>count << 2);
  return trim(n);
}
