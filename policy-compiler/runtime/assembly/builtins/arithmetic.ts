/**
 * `+ - * / %` and rounding, as OPA's evaluator does them (v1/topdown/arithmetic.go):
 * integers exactly at any size, all else as binary floats of 64 bits. Division is exact
 * only where both are integers of 32 bits and the divisor divides.
 */
import {
  absolute, addNumbers, ceiling, divideNumbers, floored, multiplyNumbers, remainderOf, rounded, subtractNumbers,
} from "../number/arithmetic";
import { NUMBER, SET, kindOf, makeInt } from "../value/value";
import { expectKind, operandError } from "./operands";
import { difference } from "./sets";

// @ts-ignore: decorator
@inline
function areSmall(a: usize, b: usize): bool {
  return (a & b & 1) != 0;
}

// @ts-ignore: decorator
@inline
function small(value: usize): i64 {
  return <i64>(<i32>value >> 1);
}

function areNumbers(name: string, a: usize, b: usize): bool {
  return expectKind(name, 1, a, NUMBER) && expectKind(name, 2, b, NUMBER);
}

export function plus(a: usize, b: usize): usize {
  if (areSmall(a, b)) return makeInt(small(a) + small(b));
  return areNumbers("plus", a, b) ? addNumbers(a, b) : 0;
}

/** Of two numbers or of two sets. */
export function minus(a: usize, b: usize): usize {
  if (areSmall(a, b)) return makeInt(small(a) - small(b));
  const kind = kindOf(a);
  const other = kindOf(b);
  if (kind == NUMBER && other == NUMBER) return subtractNumbers(a, b);
  if (kind == SET && other == SET) return difference(a, b);
  if (kind != NUMBER && kind != SET) return operandError("minus", 1, "one of {number, set}", a);
  return operandError("minus", 2, other == NUMBER ? "set" : "number", b);
}

export function mul(a: usize, b: usize): usize {
  if (areSmall(a, b)) return makeInt(small(a) * small(b));
  return areNumbers("mul", a, b) ? multiplyNumbers(a, b) : 0;
}

export function div(a: usize, b: usize): usize {
  return areNumbers("div", a, b) ? divideNumbers(a, b) : 0;
}

export function rem(a: usize, b: usize): usize {
  if (areSmall(a, b) && small(b) != 0) return makeInt(small(a) % small(b));
  return areNumbers("rem", a, b) ? remainderOf(a, b) : 0;
}

export function abs(value: usize): usize {
  return expectKind("abs", 1, value, NUMBER) ? absolute(value) : 0;
}

export function round(value: usize): usize {
  return expectKind("round", 1, value, NUMBER) ? rounded(value) : 0;
}

export function ceil(value: usize): usize {
  return expectKind("ceil", 1, value, NUMBER) ? ceiling(value) : 0;
}

export function floor(value: usize): usize {
  return expectKind("floor", 1, value, NUMBER) ? floored(value) : 0;
}
