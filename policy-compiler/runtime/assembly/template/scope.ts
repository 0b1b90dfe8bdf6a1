/** Variables of a template: names and values, the innermost last. */
import { equal } from "../value/equal";
import { arrayGet, arrayLen, arrayPush, arraySet, makeArray } from "../value/array";

let names: usize = 0;
let values: usize = 0;
/** Below lie the variables of the template that called this one. */
let base: i32 = 0;

export function startScope(): void {
  names = makeArray(8);
  values = makeArray(8);
  base = 0;
}

export function scopeMark(): i32 {
  return arrayLen(names);
}

export function scopeRestore(mark: i32): void {
  store<i32>(names, mark, 4);
  store<i32>(values, mark, 4);
}

/** Hides all variables; gives what `leaveScope` takes. */
export function enterScope(): i32 {
  const outer = base;
  base = arrayLen(names);
  return outer;
}

export function leaveScope(outer: i32): void {
  scopeRestore(base);
  base = outer;
}

export function declare(name: usize, value: usize): void {
  arrayPush(names, name);
  arrayPush(values, value);
}

/** Place of the variable, or -1. */
export function variableAt(name: usize): i32 {
  for (let i = arrayLen(names) - 1; i >= base; i--) if (equal(arrayGet(names, i), name)) return i;
  return -1;
}

export function variableValue(place: i32): usize {
  return arrayGet(values, place);
}

export function assign(place: i32, value: usize): void {
  arraySet(values, place, value);
}
