/** Hashes of values: equal values have equal hashes. */
import { burn } from "../failure";
import { hashNumber } from "../number/number";
import { arrayGet, arrayLen } from "./array";
import { hashBytes, hashInt, K1, K2, mix, seed, short } from "./hash-bits";
import { ARRAY, BOOLEAN, DECIMAL, NUMBER, OBJECT, STRING, intOf, kindOf, stringLen, stringPtr } from "./value";

/** Hash of a string cell, kept in the cell. */
// @ts-ignore: decorator
@inline
export function hashString(value: usize): u32 {
  const known = load<u32>(value, 8);
  if (known != 0) return known;
  return hashStringNow(value);
}

function hashStringNow(value: usize): u32 {
  const length = stringLen(value);
  if (length > 256) burn(length >> 6);
  const h = hashBytes(stringPtr(value), length);
  store<u32>(value, h, 8);
  return h;
}

export function hashOf(value: usize): u32 {
  const kind = kindOf(value);
  if (kind == STRING) return hashString(value);
  if (kind == NUMBER) {
    if (value & 1 || !(load<u32>(value) & DECIMAL)) return hashInt(intOf(value));
    return hashNumber(value);
  }
  if (kind <= BOOLEAN) return short(seed ^ (value == 0 ? 0 : <u64>load<u64>(value)) * K1);
  burn(1);
  if (kind == ARRAY) {
    const length = arrayLen(value);
    let h = seed + K1;
    for (let i = 0; i < length; i++) h = mix(h ^ <u64>hashOf(arrayGet(value, i)));
    return short(h);
  }
  // The order of entries does not count.
  const length = load<i32>(value, 4);
  let at = <usize>load<u32>(value, 12);
  let sum: u64 = seed + <u64>length;
  for (let i = 0; i < length; i++) {
    let h = <u64>hashOf(<usize>load<u32>(at)) * K2;
    if (kind == OBJECT) h = mix(h) + <u64>hashOf(<usize>load<u32>(at, 4));
    sum += mix(h);
    at += 8;
  }
  return short(sum);
}
