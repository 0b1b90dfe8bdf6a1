/** count, sum, product, max, min, sort, all, any (v1/topdown/aggregates.go). */
import { burn } from "../failure";
import { heapPtr } from "../memory";
import { addNumbers, floatOf, floatToNumber, keep, multiplyNumbers } from "../number/arithmetic";
import { addFloats, floatOfInt, makeFloat, multiplyFloats } from "../number/float";
import { isWholeNumber } from "../number/integer";
import { naturalOf } from "../number/natural";
import { arrayGet, arrayPush, makeArray } from "../value/array";
import { compare, sortEntries } from "../value/compare";
import { sortValues } from "../value/sort";
import { setAt } from "../value/set";
import { valueLength } from "../value/access";
import {
  ARRAY, FALSE_VALUE, NUMBER, SET, TRUE_VALUE, kindOf, makeInt, makeSmallInt,
} from "../value/value";
import { elementError, operandError } from "./operands";

export function count(value: usize): usize {
  const length = valueLength(value);
  if (length < 0) return operandError("count", 1, "one of {array, object, set, string}", value);
  return makeInt(length);
}

/** The value is an array, or a set, which then is in Rego's order. */
function expectElements(name: string, value: usize, wanted: string): bool {
  const kind = kindOf(value);
  if (kind == SET) sortEntries(value);
  else if (kind != ARRAY) {
    operandError(name, 1, wanted, value);
    return false;
  }
  burn(load<i32>(value, 4) >> 1);
  return true;
}

// @ts-ignore: decorator
@inline
function elementAt(collection: usize, i: i32): usize {
  return kindOf(collection) == ARRAY ? arrayGet(collection, i) : setAt(collection, i);
}

export function sum(numbers: usize): usize {
  return accumulate("sum", numbers, false);
}

export function product(numbers: usize): usize {
  return accumulate("product", numbers, true);
}

/** Exactly if all are whole numbers, otherwise with floats from the first on. */
function accumulate(name: string, numbers: usize, isProduct: bool): usize {
  if (!expectElements(name, numbers, "one of {set, array}")) return 0;
  const length = load<i32>(numbers, 4);
  let areWhole = true;
  for (let i = 0; i < length; i++) {
    const number = elementAt(numbers, i);
    if (kindOf(number) != NUMBER) return elementError(name, 1, numbers, number, "numbers");
    if (!isWholeNumber(number)) areWhole = false;
  }
  if (!areWhole) return accumulateFloats(numbers, isProduct);
  let total = makeSmallInt(isProduct ? 1 : 0);
  for (let i = 0; i < length && total != 0; i++) {
    const number = elementAt(numbers, i);
    total = isProduct ? multiplyNumbers(total, number) : addNumbers(total, number);
  }
  return total;
}

function accumulateFloats(numbers: usize, isProduct: bool): usize {
  const mark = heapPtr;
  const length = load<i32>(numbers, 4);
  // Go's big.NewFloat(1) has 53 bits, and a product the precision of its first factor.
  let total = isProduct ? makeFloat(false, naturalOf(1), 0, 53) : floatOfInt(0);
  for (let i = 0; i < length; i++) {
    const float = floatOf(elementAt(numbers, i));
    if (float == 0) return 0;
    total = isProduct ? multiplyFloats(total, float, 53) : addFloats(total, float, 64);
  }
  return keep(mark, floatToNumber(total));
}

export function max(values: usize): usize {
  return extreme("max", values, 1);
}

export function min(values: usize): usize {
  return extreme("min", values, -1);
}

/** Undefined, without an error, of nothing. */
function extreme(name: string, values: usize, sign: i32): usize {
  if (!expectElements(name, values, "one of {set, array}")) return 0;
  const length = load<i32>(values, 4);
  let best: usize = 0;
  for (let i = 0; i < length; i++) {
    const value = elementAt(values, i);
    if (best == 0 || sign * compare(value, best) >= 0) best = value;
  }
  return best;
}

/** An array of the elements in Rego's order. */
export function sort(values: usize): usize {
  if (!expectElements("sort", values, "one of {set, array}")) return 0;
  const length = load<i32>(values, 4);
  const sorted = makeArray(length);
  for (let i = 0; i < length; i++) arrayPush(sorted, elementAt(values, i));
  if (kindOf(values) == ARRAY) sortValues(sorted);
  return sorted;
}

export function all(values: usize): usize {
  if (!expectElements("all", values, "one of {array, set}")) return 0;
  const length = load<i32>(values, 4);
  for (let i = 0; i < length; i++) if (elementAt(values, i) != TRUE_VALUE) return FALSE_VALUE;
  return TRUE_VALUE;
}

export function any(values: usize): usize {
  if (!expectElements("any", values, "one of {array, set}")) return 0;
  const length = load<i32>(values, 4);
  for (let i = 0; i < length; i++) if (elementAt(values, i) == TRUE_VALUE) return TRUE_VALUE;
  return FALSE_VALUE;
}
