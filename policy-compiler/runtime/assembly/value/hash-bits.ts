/**
 * Hashes of values: equal values have equal hashes. A seed of the instance, set by the
 * host before anything is hashed, keeps a client from choosing colliding keys; the last
 * mixing spreads every bit into the low ones, which choose the slot.
 *
 * The proxy and our own evaluator draw the seed. OPA's ABI has no place for one: a module gets
 * a memory, opa_abort, opa_println and the calls of built-ins it has asked for, none of which is
 * random before data is loaded, so that under another host every instance has the one below.
 */
export const K1: u64 = 0x9e3779b97f4a7c15;
export const K2: u64 = 0xff51afd7ed558ccd;
const K3: u64 = 0xc4ceb9fe1a85ec53;

export let seed: u64 = 0x5bd1e9955bd1e995;

export function setHashSeed(value: u32): void {
  seed = (<u64>value | 1) * K1;
}

// @ts-ignore: decorator
@inline
export function mix(h: u64): u64 {
  h ^= h >>> 32;
  h *= K2;
  h ^= h >>> 29;
  h *= K3;
  return h ^ (h >>> 32);
}

// @ts-ignore: decorator
@inline
export function short(h: u64): u32 {
  const low = <u32>mix(h);
  return low == 0 ? 1 : low;
}

/** Never 0. */
export function hashBytes(ptr: usize, length: i32): u32 {
  let h = seed ^ ((<u64>length) * K1);
  let at = ptr;
  let left = length;
  while (left > 8) {
    h = (h ^ load<u64>(at)) * K2;
    h ^= h >>> 32;
    at += 8;
    left -= 8;
  }
  let tail: u64 = 0;
  if (left >= 4) tail = <u64>load<u32>(at) | ((<u64>load<u32>(at + left - 4)) << 32);
  else if (left > 0) {
    tail = <u64>load<u8>(at) | ((<u64>load<u8>(at + (left >> 1))) << 8) | ((<u64>load<u8>(at + left - 1)) << 16);
  }
  return short((h ^ tail) * K3);
}

export function hashInt(n: i64): u32 {
  return short(seed ^ ((<u64>n) * K1));
}
