/** `==`, `!=`, `<` and their kin: any two values compare, in Rego's total order. */
import { compare } from "../value/compare";
import { equal } from "../value/equal";
import { makeBoolean } from "../value/value";

export function equalBuiltin(a: usize, b: usize): usize {
  return makeBoolean(equal(a, b));
}

export function notEqual(a: usize, b: usize): usize {
  return makeBoolean(!equal(a, b));
}

export function lessThan(a: usize, b: usize): usize {
  return makeBoolean(compare(a, b) < 0);
}

export function lessOrEqual(a: usize, b: usize): usize {
  return makeBoolean(compare(a, b) <= 0);
}

export function greaterThan(a: usize, b: usize): usize {
  return makeBoolean(compare(a, b) > 0);
}

export function greaterOrEqual(a: usize, b: usize): usize {
  return makeBoolean(compare(a, b) >= 0);
}
