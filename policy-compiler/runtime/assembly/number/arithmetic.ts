/** Arithmetic on number values; undefined (0) where a divisor is zero. */
import { builtinError } from "../failure";
import { intOf, isInt, makeInt } from "../value/value";

export function addNumbers(a: usize, b: usize): usize {
  if (isInt(a) && isInt(b)) {
    const x = intOf(a);
    const y = intOf(b);
    const sum = x + y;
    if (((x ^ sum) & (y ^ sum)) >= 0) return makeInt(sum);
  }
  return tooWide();
}

export function subtractNumbers(a: usize, b: usize): usize {
  if (isInt(a) && isInt(b)) {
    const x = intOf(a);
    const y = intOf(b);
    const rest = x - y;
    if (((x ^ y) & (x ^ rest)) >= 0) return makeInt(rest);
  }
  return tooWide();
}

// @ts-ignore: decorator
@inline
function isWord(n: i64): bool {
  return n >= -0x80000000 && n <= 0x7fffffff;
}

export function multiplyNumbers(a: usize, b: usize): usize {
  if (isInt(a) && isInt(b) && isWord(intOf(a)) && isWord(intOf(b))) return makeInt(intOf(a) * intOf(b));
  return tooWide();
}

export function divideNumbers(a: usize, b: usize): usize {
  if (isInt(a) && isInt(b)) {
    const x = intOf(a);
    const y = intOf(b);
    if (y == 0) return 0;
    if (isWord(x) && isWord(y) && x != 0 && x % y == 0) return makeInt(x / y);
  }
  return tooWide();
}

export function remainderOf(a: usize, b: usize): usize {
  if (isInt(a) && isInt(b)) {
    if (intOf(b) == 0) return builtinError("rem: modulo by zero");
    if (isWord(intOf(a)) && isWord(intOf(b))) return makeInt(intOf(a) % intOf(b));
  }
  return tooWide();
}

function tooWide(): usize {
  return builtinError("arithmetic beyond 64-bit integers is not there yet");
}
